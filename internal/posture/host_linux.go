package posture

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Bounds of free space, in bytes and in parts of the whole.
const (
	leastFree = 256 << 20
	littleBy  = 10 // warn below a tenth
)

// Disk looks at the free space of the file system that holds a directory. A log that cannot grow stops all service.
func Disk(dir string) Check {
	c := Check{Name: "host.disk", Status: OK, Loose: true}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		c.Status, c.Detail = Skip, "there is no data directory yet"
		return c
	}
	free, all := s.Bavail*uint64(s.Bsize), s.Blocks*uint64(s.Bsize) //nolint:gosec // a block size is positive
	c.Detail = fmt.Sprintf("%.1f of %.1f GiB are free", float64(free)/(1<<30), float64(all)/(1<<30))
	switch {
	case free < leastFree:
		c.Status, c.Remedy = Fail, "make room at once: when the log cannot grow, nothing is served"
	case free < all/littleBy:
		c.Status, c.Remedy = Warn, "make room, or let records end sooner (custody retention)"
	}
	return c
}

// Cores looks whether a crash of this process, and of those that inherit its limits, would write its memory to disk.
func Cores() Check {
	c := Check{Name: "host.core", Status: OK, Detail: "a crash writes no core dump"}
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &r); err != nil {
		c.Status, c.Detail = Skip, "the limit cannot be read"
		return c
	}
	pattern, _ := os.ReadFile("/proc/sys/kernel/core_pattern")
	piped := strings.HasPrefix(string(pattern), "|") // a program gets the dump whatever the limit, but for 1
	switch {
	case r.Cur == 0 && !piped:
	case r.Cur == 0 && piped:
		c.Status, c.Detail = OK, "the limit of core dumps is 0; the kernel hands none to its program for them"
	default:
		c.Status, c.Detail = Warn, "a crash may write keys and prompts to disk"
		c.Remedy = "ulimit -c 0, or LimitCORE=0 in the service's unit"
	}
	return c
}

// Swap looks whether memory may be written to disk.
func Swap() Check {
	c := Check{Name: "host.swap", Status: OK, Detail: "memory is not swapped to disk"}
	text, err := os.ReadFile("/proc/swaps")
	if err != nil {
		c.Status, c.Detail = Skip, "/proc/swaps cannot be read"
		return c
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	for _, l := range lines {
		if !strings.HasPrefix(l, "/dev/zram") {
			c.Status, c.Detail = Warn, "memory may be swapped to disk, keys and prompts with it"
			c.Remedy = "encrypt the swap space, turn it off, or MemorySwapMax=0 in the service's unit"
		}
	}
	return c
}

// Clock looks whether something keeps the clock in step: times in records are evidence.
func Clock() Check {
	c := Check{Name: "host.clock", Status: OK, Detail: "the clock is kept in step"}
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	switch {
	case err != nil:
		c.Status, c.Detail = Skip, "the kernel does not say"
	case state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0:
		c.Status, c.Detail = Warn, "nothing keeps the clock in step, as far as the kernel knows"
		c.Remedy = "run chrony or systemd-timesyncd; a container cannot see that its host does"
	}
	return c
}
