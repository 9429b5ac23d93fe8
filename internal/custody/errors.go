package custody

import "errors"

var (
	// ErrUnavailable says that the log cannot take the record now: its queue is full, the disk is full or failing, or it is closed.
	// Nothing was promised; the caller must not serve the exchange.
	ErrUnavailable = errors.New("custody log is unavailable")
	// ErrInUse says that another process writes to this data directory.
	ErrInUse = errors.New("data directory is in use by another reeve")
	// ErrNewer says that the files were written by a newer reeve.
	ErrNewer = errors.New("custody log was written by a newer reeve")
	// ErrDamaged says that records are damaged or missing before the end of the log.
	ErrDamaged = errors.New("custody log is damaged")
	// ErrDropped says that a payload was dropped, because its time was up or its subject was forgotten.
	ErrDropped = errors.New("payload was dropped")
	// ErrNotFound says that the log holds no such exchange.
	ErrNotFound = errors.New("no such exchange in the custody log")
)
