package keyring

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// LedgerFile is the erasure ledger beside keys.db: what was destroyed, so that a restored backup forgets it again. Copy it away
// as often as you like; it names nobody and opens nothing.
//
// Behind the first line stands a line of 82 bytes for each key that was destroyed: its id (32 hex digits), the time
// (Unix milliseconds, 16 hex digits), the first 16 bytes of an HMAC-SHA256 (32 hex digits) over the previous line's and the text
// before it, under a key of the house; fields are divided by a space. So the ledger can be continued, cut or forged by nobody
// but the house: a cut one is a true one of an earlier time.
const LedgerFile = "keys.ledger"

const (
	ledgerHead = "reeve erasure ledger v1\n"
	ledgerMAC  = 16
	ledgerText = 2*16 + 1 + 16 + 1
	ledgerLine = ledgerText + 2*ledgerMAC + 1
	maxLedger  = 1 << 30 // bytes of a ledger that are read
)

// ErrLedger says that a ledger is not one of this house, or was altered.
var ErrLedger = errors.New("the erasure ledger is not one of this house, or was altered")

// Erased is one line of the ledger.
type Erased struct {
	KEK KEKID
	At  time.Time
}

// ledgerChain computes the codes of lines.
type ledgerChain struct{ key, last []byte }

func (c *ledgerChain) next(text []byte) []byte {
	m := hmac.New(sha256.New, c.key)
	m.Write(c.last)
	m.Write(text)
	c.last = m.Sum(nil)[:ledgerMAC]
	return c.last
}

func (r *Ring) ledgerKey() ([]byte, error) { return r.Derive("ledger") }

// Ledger returns what was destroyed, in order.
func (r *Ring) Ledger() ([]Erased, error) { return r.erasedFrom(0) }

func (r *Ring) erasedFrom(number int64) (list []Erased, err error) {
	rows, err := r.db.Query(`SELECT kek, at_ms FROM destroyed WHERE number > $1 ORDER BY number`, number)
	if err != nil {
		return nil, fmt.Errorf("read erasure ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id []byte
		var at int64
		if err := rows.Scan(&id, &at); err != nil {
			return nil, fmt.Errorf("read erasure ledger: %w", err)
		}
		if len(id) != len(KEKID{}) {
			return nil, errors.New("read erasure ledger: row with a key id of wrong size")
		}
		list = append(list, Erased{KEKID(id), time.UnixMilli(at).UTC()})
	}
	return list, rows.Err()
}

// writeLedger adds to the file what is in keys.db and not in it. It holds a lock on the file; what a killed process left
// unfinished is written anew.
func (r *Ring) writeLedger() error {
	f, err := os.OpenFile(filepath.Join(r.dir, LedgerFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open erasure ledger: %w", err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock erasure ledger: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read erasure ledger: %w", err)
	}
	lines := max(0, info.Size()-int64(len(ledgerHead))) / ledgerLine
	list, err := r.erasedFrom(lines)
	if err != nil || len(list) == 0 && info.Size() == int64(len(ledgerHead))+lines*ledgerLine {
		return err
	}
	if err := r.appendLedger(f, lines, list); err != nil {
		return fmt.Errorf("write erasure ledger: %w", err)
	}
	return nil
}

func (r *Ring) appendLedger(f *os.File, lines int64, list []Erased) error {
	key, err := r.ledgerKey()
	if err != nil {
		return err
	}
	defer clear(key)
	chain := &ledgerChain{key: key}
	end := int64(len(ledgerHead)) + lines*ledgerLine
	if lines > 0 {
		last := make([]byte, 2*ledgerMAC)
		if _, err := f.ReadAt(last, end-1-2*ledgerMAC); err != nil {
			return err
		}
		if chain.last, err = hex.DecodeString(string(last)); err != nil {
			return ErrLedger
		}
	}
	var b bytes.Buffer
	if lines == 0 {
		b.WriteString(ledgerHead)
		end = 0
	}
	for _, e := range list {
		text := fmt.Appendf(nil, "%s %016x ", e.KEK, e.At.UnixMilli())
		fmt.Fprintf(&b, "%s%x\n", text, chain.next(text))
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	if _, err := f.WriteAt(b.Bytes(), end); err != nil {
		return err
	}
	return f.Sync()
}

// ReadLedger reads a ledger that this house wrote, such as a copy from before a disk was lost. It returns ErrLedger (wrapped)
// for any other. An unfinished last line is left out.
func (r *Ring) ReadLedger(from io.Reader) ([]Erased, error) {
	key, err := r.ledgerKey()
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return parseLedger(from, key)
}

func parseLedger(from io.Reader, key []byte) (list []Erased, err error) {
	in := bufio.NewReader(io.LimitReader(from, maxLedger))
	head := make([]byte, len(ledgerHead))
	if n, err := io.ReadFull(in, head); n == 0 && errors.Is(err, io.EOF) {
		return nil, nil // nothing was ever destroyed
	}
	if string(head) != ledgerHead {
		return nil, fmt.Errorf("first line: %w", ErrLedger)
	}
	chain := &ledgerChain{key: key}
	for line := make([]byte, ledgerLine); ; {
		_, err := io.ReadFull(in, line)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read erasure ledger: %w", err)
		}
		e, ok := parseLedgerLine(line, chain)
		if !ok {
			return nil, fmt.Errorf("line %d: %w", len(list)+2, ErrLedger)
		}
		list = append(list, e)
	}
}

func parseLedgerLine(line []byte, chain *ledgerChain) (e Erased, ok bool) {
	text, code := line[:ledgerText], line[ledgerText:ledgerLine-1]
	mac, err := hex.DecodeString(string(code))
	if err != nil || line[ledgerLine-1] != '\n' || !hmac.Equal(mac, chain.next(text)) {
		return e, false
	}
	if _, err := hex.Decode(e.KEK[:], text[:32]); err != nil {
		return e, false
	}
	var ms int64
	if _, err := fmt.Sscanf(string(text[33:49]), "%016x", &ms); err != nil {
		return e, false
	}
	e.At = time.UnixMilli(ms).UTC()
	return e, true
}

// Snapshot copies the keys.db of a data directory, which other processes may be using, to a file that does not exist yet. It
// needs no root key: everything in it is wrapped. What was destroyed is not in the copy.
func Snapshot(dir, to string) (err error) {
	if _, err := os.Stat(filepath.Join(dir, dbFile)); err != nil {
		return fmt.Errorf("copy keys.db: %w", err)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("copy keys.db: %s is there already", to)
	}
	db, err := openDB(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(`VACUUM INTO $1`, to); err != nil {
		return fmt.Errorf("copy keys.db: %w", err)
	}
	return os.Chmod(to, 0o600)
}

// LedgerLines is the number of keys that a ledger of so many bytes tells of.
func LedgerLines(size int64) int { return int(max(0, size-int64(len(ledgerHead))) / ledgerLine) }
