package admission

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Process is the Proof by the process that listens on an address of this machine. It is known to the same user and to
// root only.
type Process struct {
	addr string // host:port

	mu    sync.Mutex
	pidfd int // guarded by mu; -1: none
}

// NewProcess looks for the process that listens on addr, each time it is asked.
func NewProcess(addr string) *Process { return &Process{addr: addr, pidfd: -1} }

// LoadedAfter implements Proof.
func (p *Process) LoadedAfter(_ context.Context, files []Measured) error {
	pid, err := listener(p.addr)
	if err != nil {
		return unproven("the process that listens on %s is not found (%w)", p.addr, err)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return unproven("the runtime's process cannot be watched (%w)", err)
	}
	began, err := started(pid)
	if err == nil {
		var again int
		if again, err = listener(p.addr); err == nil && again != pid { // the number may have changed hands meanwhile
			err = errors.New("it has just been replaced")
		}
	}
	if err != nil {
		_ = unix.Close(fd)
		return unproven("the runtime's process does not say when it began (%w)", err)
	}
	last, which, err := changedLast(files)
	if err == nil && !last.Before(began) {
		err = unproven("%s was changed after the runtime had started", which)
	}
	if err != nil {
		_ = unix.Close(fd)
		return err
	}
	p.keep(fd)
	return nil
}

func (p *Process) keep(fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pidfd >= 0 {
		_ = unix.Close(p.pidfd)
	}
	p.pidfd = fd
}

// Close gives the process back.
func (p *Process) Close() error { p.keep(-1); return nil }

// Watch remembers the process that listens now, without asking when it began: for runtimes that can unload.
func (p *Process) Watch() {
	pid, err := listener(p.addr)
	if err != nil {
		return
	}
	if fd, err := unix.PidfdOpen(pid, 0); err == nil {
		p.keep(fd)
	}
}

// Alive implements Proof: a pidfd can be read once its process has ended.
func (p *Process) Alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pidfd < 0 {
		return true
	}
	fds := []unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}} //nolint:gosec // descriptors are small
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 0 || errors.Is(err, unix.EINTR)
}

// started is when a process began, to a hundredth of a second, rounded down.
func started(pid int) (time.Time, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return time.Time{}, err
	}
	rest := string(text[strings.LastIndexByte(string(text), ')')+1:]) // the name may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return time.Time{}, errors.New("/proc has another form")
	}
	ticks, err := strconv.ParseInt(fields[19], 10, 64) // field 22 of proc(5), in USER_HZ, which is 100 on Linux
	if err != nil {
		return time.Time{}, err
	}
	var since unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &since); err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(time.Duration(ticks)*10*time.Millisecond - time.Duration(since.Nano())), nil
}

// listener is the process that listens on an address of this machine.
func listener(addr string) (int, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !here(ip)) {
		return 0, errors.New("it is on another machine")
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return 0, err
	}
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if err := listening(table, port, inodes); err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, err
		}
	}
	if len(inodes) == 0 {
		return 0, errors.New("nobody listens")
	}
	sockets, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0, err
	}
	found := 0
	for _, path := range sockets {
		to, err := os.Readlink(path)
		if err != nil || !strings.HasPrefix(to, "socket:[") || !inodes[strings.TrimSuffix(to[len("socket:["):], "]")] {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(path, "/")[2])
		if err != nil {
			continue
		}
		if found == 0 || pid < found { // the parent of those that inherited the socket
			found = pid
		}
	}
	if found == 0 {
		return 0, errors.New("it belongs to another user")
	}
	return found, nil
}

// listening notes the inodes of sockets that listen on a port, from a table as proc(5) has it.
func listening(table string, port uint64, into map[string]bool) error {
	f, err := os.Open(table)
	if err != nil {
		return err
	}
	defer f.Close()
	const listen = "0A"
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != listen {
			continue
		}
		_, hexPort, _ := strings.Cut(fields[1], ":")
		if n, err := strconv.ParseUint(hexPort, 16, 16); err == nil && n == port {
			into[fields[9]] = true
		}
	}
	return nil
}

// here reports whether an address is one of this machine.
func here(ip net.IP) bool {
	if ip.IsLoopback() {
		return true
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
			return true
		}
	}
	return false
}
