package deliver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
)

// position is how far a sink has come.
type position struct {
	Next uint64 `json:"next"` // first record that is not delivered
}

func positionPath(dir, name string) string { return filepath.Join(dir, name+".position") }

// readPosition reads a position. known is false where there is none.
func readPosition(dir, name string) (p position, known bool, err error) {
	f, err := os.Open(positionPath(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1024))
	if err == nil {
		err = json.Unmarshal(b, &p, json.RejectUnknownMembers(true))
	}
	if err != nil {
		return p, false, fmt.Errorf("position %s: %w", f.Name(), err)
	}
	return p, true, nil
}

// writePosition replaces a position: after a crash the file holds this one or the one before, from which events come again.
func writePosition(dir, name string, p position) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	path := positionPath(dir, name)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write position: %w", err)
	}
	return os.Rename(path+".new", path)
}
