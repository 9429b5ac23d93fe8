package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

func TestExplain(t *testing.T) {
	for err, want := range map[error]string{
		fs.ErrPermission: "as the user that owns",
		syscall.EACCES:   "as the user that owns",
		syscall.ENOTDIR:  "must be a directory",
	} {
		got := explain(fmt.Errorf("open: %w", err))
		var hint interface{ Hint() string }
		if !errors.As(got, &hint) || !strings.Contains(hint.Hint(), want) {
			t.Errorf("%v: %#v", err, got)
		}
		if !errors.Is(got, err) {
			t.Errorf("%v is lost in %v", err, got)
		}
	}
	plain := errors.New("something else")
	if got := explain(plain); got != plain {
		t.Errorf("got %v", got)
	}
}

// A database that may not grow stands for a full disk: the change is refused whole, the reason and the way out are told.
func TestFullDisk(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.sql.SetMaxOpenConns(1) // the limit below holds for one connection
	if _, err := db.sql.Exec(`PRAGMA max_page_count = 1`); err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		err = db.AddAct(t.Context(), Act{Act: "test", Subject: strings.Repeat("x", 1000)})
		if err != nil {
			acts, readErr := db.Acts(t.Context())
			if readErr != nil || len(acts) != i {
				t.Errorf("%d acts were acknowledged, %d are there, %v", i, len(acts), readErr)
			}
			break
		}
	}
	var hint interface{ Hint() string }
	if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "disk is full") {
		t.Errorf("got %v", err)
	}
}
