// Package control lets a command reach the server that holds a data directory, and do the same work itself where none does.
//
// The server listens on control.sock in the data directory: mode 0600, and the kernel is asked who connects (only the
// server's own user and root may). What is spoken is HTTP with JSON bodies, so that any room may add a handler to the
// mux with Handle or Stream and a command calls it with Call or Client.Open.
//
// There is one code path. Where no server runs, Open opens the directory in this process and serves the very same
// handlers to itself over a pipe in memory; a command cannot tell the difference.
//
//	mux := http.NewServeMux()
//	control.Handle(mux, "/custody/holds", words, custodian.Holds)   // in the server and in the command
//	holds, err := control.Call[[]Hold](ctx, client, "/custody/holds", nil)
package control

import "errors"

// SocketName is the name of the socket in the data directory.
const SocketName = "control.sock"

var (
	// ErrNoServer says that nobody listens on the socket of the data directory.
	ErrNoServer = errors.New("no server answers for this data directory")
	// ErrUnknown says that the running server does not know the call: it is of another version.
	ErrUnknown = errors.New("the running server does not know this command")
	// ErrForeign says that the peer is another user.
	ErrForeign = errors.New("the peer is another user")
)

// Word gives an error that crosses the socket its name, so that errors.Is holds on both sides.
type Word struct {
	Code string // stable, such as "held"
	Err  error
}

// Words are the errors that both sides know.
type Words []Word

func (w Words) code(err error) string {
	for _, word := range w {
		if errors.Is(err, word.Err) {
			return word.Code
		}
	}
	return ""
}

func (w Words) err(code string) error {
	for _, word := range w {
		if word.Code == code {
			return word.Err
		}
	}
	return nil
}

// Error is what a handler answered instead of a result. It matches the error whose word it carries.
type Error struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Advice  string `json:"hint,omitempty"`

	is error
}

func (e *Error) Error() string { return e.Message }

// Hint tells what to do next.
func (e *Error) Hint() string { return e.Advice }

// Unwrap is the error that the code stands for, nil where there is none.
func (e *Error) Unwrap() error { return e.is }
