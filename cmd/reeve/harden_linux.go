package main

import "golang.org/x/sys/unix"

// harden keeps keys and prompts out of core dumps, also of those that a program gets through a pipe (core(5)), and keeps other
// processes of the same user from reading this one's memory (ptrace(2), PR_SET_DUMPABLE). Nothing depends on it, so it may fail.
func harden() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
