//go:build !race

// The race detector maps more memory than a test could read.

package keyring

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// masked is a secret that its own search does not find: every byte is changed.
type masked []byte

func mask(secret []byte) masked {
	m := make(masked, len(secret))
	for i, b := range secret {
		m[i] = b ^ 0x5a
	}
	return m
}

// inMemory counts where the secret stands in this process's writable memory.
func (m masked) inMemory(t *testing.T) (n int) {
	t.Helper()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Skip("this machine does not show a process its memory")
	}
	defer maps.Close()
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Skip("this machine does not show a process its memory")
	}
	defer mem.Close()
	block := make([]byte, 1<<20)
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(strings.Replace(lines.Text(), "-", " ", 1), "%x %x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") {
			continue
		}
		for at := from; at < to; at += int64(len(block) - len(m)) { // pieces overlap
			got, _ := mem.ReadAt(block[:min(int64(len(block)), to-at)], at) // unreadable: nothing is there
			n += m.in(block[:got])
		}
		clear(block)
	}
	return n
}

func (m masked) in(b []byte) (n int) {
	for {
		i := bytes.IndexByte(b, m[0]^0x5a)
		if i < 0 || i+len(m) > len(b) {
			return n
		}
		k := 1
		for k < len(m) && b[i+k]^0x5a == m[k] {
			k++
		}
		if k == len(m) {
			n++
		}
		b = b[i+1:]
	}
}

// TestForgottenInMemory looks for a destroyed key and its pepper in the memory of this process.
func TestForgottenInMemory(t *testing.T) {
	r := open(t, t.TempDir(), "")
	subject(t, r, "jane")
	m := houseTenant(t, r)
	row, err := r.newestKEK(m, m.pseudonym("jane"))
	if err != nil {
		t.Fatal(err)
	}
	kek, pepper := mask(row.kek()), mask(row.pepper())
	clear(row.plain)
	if kek.inMemory(t) == 0 || pepper.inMemory(t) == 0 {
		t.Fatal("the search finds nothing while the key is in use")
	}
	if _, err := r.DestroySubject("jane"); err != nil {
		t.Fatal(err)
	}
	var left int
	for range 50 { // finalizers run by and by
		runtime.GC()
		<-time.After(10 * time.Millisecond)
		if left = kek.inMemory(t) + pepper.inMemory(t); left == 0 {
			return
		}
	}
	t.Errorf("the key or its pepper is still at %d places in memory", left)
}
