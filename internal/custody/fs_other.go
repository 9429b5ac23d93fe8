//go:build !linux

package custody

import (
	"errors"
	"os"
)

func setDirect(*os.File, bool) bool { return false }

func refusesDirect(error) bool { return false }

// dataSync is the full sync where there is no fdatasync.
func dataSync(f *os.File) error { return f.Sync() }

func punchHole(*os.File, int64, int64) error { return errors.ErrUnsupported }
