//go:build !linux

package main

import "golang.org/x/sys/unix"

// harden keeps keys and prompts out of core dumps. Nothing depends on it, so it may fail.
func harden() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
