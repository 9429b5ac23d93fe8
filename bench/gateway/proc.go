package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usageSample is what a process tree has used so far: its own CPU time at two resolutions, and its memory.
type usageSample struct {
	ticks  int64 // user+system of the living processes and of their ended children, in 1/100 s
	ns     int64 // scheduler run time of all threads, in nanoseconds; 0 where the kernel does not keep it
	procs  int
	peakMB float64 // sum of the processes' high-water marks
	rssMB  float64
}

// since gives the CPU time between two samples: in nanoseconds where that agrees with the kernel's own total to within
// three ticks (a thread or a process that ended in between takes its nanoseconds with it), else in ticks.
func (b usageSample) since(a usageSample) time.Duration {
	t := time.Duration(b.ticks-a.ticks) * 10 * time.Millisecond
	n := time.Duration(b.ns - a.ns)
	if a.ns > 0 && a.procs == b.procs && (n-t).Abs() <= 30*time.Millisecond+t/50 {
		return n
	}
	return t
}

// sample reads the process pid, all its descendants and all members of its process group.
func sample(pid int) (u usageSample) {
	if pid <= 0 {
		return u
	}
	all := processes()
	for p := range members(all, pid) {
		u.procs++
		u.ticks += all[p].ticks
		u.ns += runTime(p)
		peak, now := memory(p)
		u.peakMB += peak
		u.rssMB += now
	}
	return u
}

type process struct {
	ppid, pgrp int
	ticks      int64
}

// processes reads every process of the machine; one that ends meanwhile is left out.
func processes() map[int]process {
	all := map[int]process{}
	dir, _ := os.ReadDir("/proc")
	for _, e := range dir {
		p, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			continue
		}
		i := bytes.LastIndexByte(b, ')')
		if i < 0 {
			continue
		}
		f := strings.Fields(string(b[i+1:])) // state ppid pgrp … utime(11) stime cutime cstime
		if len(f) < 15 {
			continue
		}
		n := func(i int) int64 { v, _ := strconv.ParseInt(f[i], 10, 64); return v }
		all[p] = process{int(n(1)), int(n(2)), n(11) + n(12) + n(13) + n(14)}
	}
	return all
}

// members are pid, its descendants and its process group.
func members(all map[int]process, pid int) map[int]bool {
	in := map[int]bool{}
	if _, alive := all[pid]; alive {
		in[pid] = true
	}
	for grew := true; grew; {
		grew = false
		for p, x := range all {
			if !in[p] && (in[x.ppid] || x.pgrp == pid) {
				in[p], grew = true, true
			}
		}
	}
	return in
}

// runTime is the scheduler's run time of all threads of a process in nanoseconds.
func runTime(pid int) (ns int64) {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range threads {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, t.Name()))
		if f := strings.Fields(string(b)); len(f) > 0 {
			v, _ := strconv.ParseInt(f[0], 10, 64)
			ns += v
		}
	}
	return ns
}

// memory is the high-water mark and the present size of a process in MB.
func memory(pid int) (peak, now float64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for l := range strings.Lines(string(b)) {
		f := strings.Fields(l)
		if len(f) < 2 {
			continue
		}
		kb, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "VmHWM:":
			peak = kb / 1024
		case "VmRSS:":
			now = kb / 1024
		}
	}
	return peak, now
}
