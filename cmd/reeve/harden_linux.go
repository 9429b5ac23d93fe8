package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// harden keeps keys and prompts out of core dumps, also of those that a program gets through a pipe (core(5)), and keeps other
// processes of the same user from reading this one's memory (ptrace(2), PR_SET_DUMPABLE). Nothing depends on it, so it may fail.
func harden() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// swaps reports whether memory of this process may be written to a disk: there is swap that is no compressed memory.
func swaps() bool {
	b, err := os.ReadFile("/proc/swaps")
	if err != nil {
		return false
	}
	first := true
	for line := range strings.Lines(string(b)) {
		if !first && !strings.HasPrefix(line, "/dev/zram") {
			return true
		}
		first = false
	}
	return false
}
