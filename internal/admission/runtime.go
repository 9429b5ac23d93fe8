package admission

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/upstream"
)

// Runtime tells from which files a runtime serves its models. It is safe for concurrent use.
type Runtime interface {
	// Canonical is the one spelling of all names under which the runtime would serve the same model; "" for every name
	// where it serves one model, whatever it is called.
	Canonical(name string) string
	// Models lists the models that the runtime offers, by canonical name.
	Models(ctx context.Context) ([]string, error)
	// Files lists what the runtime loads for a model, in a fixed order. It holds what lies on the disk against what the
	// runtime says; where they differ, that is an error that matches ErrMismatch.
	Files(ctx context.Context, model string) ([]File, error)
	// Settle returns when all that the runtime will answer from was read from the files as they are now, or was not loaded
	// yet. An error that matches ErrUnproven says that this cannot be known.
	Settle(ctx context.Context, model string, files []Measured) error
}

var (
	// ErrMismatch says that the runtime serves something else than what lies on the disk.
	ErrMismatch = errors.New("the runtime serves other files")
	// ErrUnproven says that the runtime may hold other bytes in memory than those on the disk.
	ErrUnproven = errors.New("it is not known what the runtime has loaded")
	// ErrUnreachable says that the runtime, or the agent beside it, does not answer.
	ErrUnreachable = errors.New("no answer")
)

// asking bounds what a runtime is asked.
const (
	askFor    = 10 * time.Second
	maxAnswer = 8 << 20
)

// errNotThere is a runtime's 404: it does not know the question.
var errNotThere = errors.New("the runtime does not know this question")

// ask sends a question to a runtime and reads the answer's JSON into v.
func ask(ctx context.Context, c *upstream.Client, method, path string, question, v any) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	var body []byte
	if question != nil {
		var err error
		if body, err = json.Marshal(question); err != nil {
			return fmt.Errorf("ask runtime: %w", err)
		}
	}
	a, err := c.Do(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("ask runtime %s: %w: %w", path, ErrUnreachable, err)
	}
	defer a.Close()
	text, err := io.ReadAll(io.LimitReader(a, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("ask runtime %s: %w: %w", path, ErrUnreachable, err)
	case a.Status == http.StatusNotFound, a.Status == http.StatusNotImplemented, a.Status == http.StatusMethodNotAllowed:
		return fmt.Errorf("ask runtime %s: %w", path, errNotThere)
	case a.Status != http.StatusOK:
		return fmt.Errorf("ask runtime %s: %w: status %d", path, ErrUnreachable, a.Status)
	case len(text) > maxAnswer:
		return fmt.Errorf("ask runtime %s: %w: its answer is longer than %d bytes", path, ErrMismatch, maxAnswer)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("ask runtime %s: %w: its answer is not what this runtime answers", path, ErrMismatch)
	}
	return nil
}

func mismatch(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMismatch}, args...)...)
}

// sameFiles reports whether two lists name the same files, in any order.
func sameFiles(a, b []File) bool {
	if len(a) != len(b) {
		return false
	}
	by := func(x, y File) int {
		if x.Path < y.Path {
			return -1
		}
		if x.Path > y.Path {
			return 1
		}
		return 0
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, by)
	slices.SortFunc(b, by)
	return slices.Equal(a, b)
}
