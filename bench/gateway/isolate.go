package main

import (
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

const isolatedVar = "GATEWAYBENCH_ISOLATED"

// isolate runs this same command again in a network namespace of its own, where only loopback exists: nothing that is
// started can reach anything outside, and no port can clash.
func isolate() {
	if os.Getenv(isolatedVar) != "" {
		raiseLoopback()
		return
	}
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Env = append(os.Environ(), isolatedVar+"=1")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	a := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}
	if os.Geteuid() != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	c.SysProcAttr = a
	err := c.Run()
	if c.ProcessState == nil {
		fatal("no network namespace here, leave -isolate out:", err)
	}
	os.Exit(c.ProcessState.ExitCode())
}

// raiseLoopback does what 'ip link set lo up' does.
func raiseLoopback() {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		fatal(err)
	}
	defer syscall.Close(fd)
	var req struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(req.name[:], "lo")
	req.flags = syscall.IFF_UP | syscall.IFF_RUNNING
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&req))); e != 0 {
		fatal("loopback:", e)
	}
}
