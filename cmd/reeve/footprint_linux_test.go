package main

import (
	"bufio"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCleanMappings(t *testing.T) {
	const smaps = `00400000-01b29000 r-xp 00000000 fe:00 12 /usr/bin/reeve
Rss:               19800 kB
Anonymous:             0 kB
01b29000-037f5000 r--p 01729000 fe:00 12 /usr/bin/reeve
Anonymous:             0 kB
037f5000-037f6000 r--p 01729000 fe:00 12 /usr/bin/reeve
Anonymous:             4 kB
037f6000-03c64000 rw-p 033f5000 fe:00 12 /usr/bin/reeve
Anonymous:             0 kB
3edda6400000-3edda9000000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 fe:00 13 /usr/lib/other
Anonymous:             0 kB
nonsense-more r--p 00000000 fe:00 12 /usr/bin/reeve
Anonymous:             0 kB
`
	got := cleanMappings(bufio.NewScanner(strings.NewReader(smaps)), "/usr/bin/reeve")
	want := []mapping{{0x400000, 0x1b29000}, {0x1b29000, 0x37f5000}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(mapping{})); d != "" {
		t.Error(d)
	}
}
