package main

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// giveBack returns memory that only the start needed: of the heap, and of the program's file, whose pages of code and constants the
// kernel reads again when they are used again. Nothing depends on it, so it may fail.
func giveBack() {
	debug.FreeOSMemory()
	exe, err := os.Executable()
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/smaps") // proc_pid_smaps(5)
	if err != nil {
		return
	}
	defer f.Close()
	for _, m := range cleanMappings(bufio.NewScanner(f), exe) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED)
	}
}

type mapping struct{ start, end uintptr }

// cleanMappings are the parts of a file that are mapped read-only and without a page of their own: dropping those loses nothing.
func cleanMappings(lines *bufio.Scanner, file string) (clean []mapping) {
	var at mapping
	mine := false
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) >= 5 && strings.Contains(f[0], "-"): // start-end perms offset device inode path
			at = parseMapping(f[0])
			mine = at.end > 0 && len(f) == 6 && f[5] == file && strings.HasPrefix(f[1], "r-")
		case mine && len(f) == 3 && f[0] == "Anonymous:":
			if f[1] == "0" {
				clean = append(clean, at)
			}
			mine = false
		}
	}
	return clean
}

func parseMapping(s string) mapping {
	from, to, _ := strings.Cut(s, "-")
	start, err := strconv.ParseUint(from, 16, 64)
	if err != nil {
		return mapping{}
	}
	end, err := strconv.ParseUint(to, 16, 64)
	if err != nil || end <= start {
		return mapping{}
	}
	return mapping{uintptr(start), uintptr(end)}
}
