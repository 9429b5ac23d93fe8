//go:build !linux

package custody

import "os"

func setDirect(*os.File, bool) bool { return false }

func refusesDirect(error) bool { return false }

// dataSync is the full sync where there is no fdatasync.
func dataSync(f *os.File) error { return f.Sync() }
