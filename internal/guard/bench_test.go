package guard

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"github.com/reeve-ai/reeve"
)

// BenchmarkWriteToken writes tokens of benign prose to one stream: the cost of the guard per token of an answer.
func BenchmarkWriteToken(b *testing.B) {
	for _, name := range []string{"same", "prose"} {
		b.Run(name, func(b *testing.B) {
			all := tokens(prose)
			if name == "same" {
				all = [][]byte{[]byte(" table")}
			}
			set := shipped(b).For(reeve.Out, Scope{})
			st := set.NewStream(nil)
			defer st.Free()
			out := make([]byte, 0, 64<<10)
			n := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				out = st.Write(out[:0], all[i%len(all)])
				n += len(all[i%len(all)])
			}
			b.SetBytes(int64(n / b.N))
		})
	}
}

// BenchmarkCheck judges whole benign texts.
func BenchmarkCheck(b *testing.B) {
	for _, size := range []int{100, 1000} {
		for _, dir := range []reeve.Direction{reeve.In, reeve.Out} {
			b.Run(fmt.Sprintf("%v/%d", dir, size), func(b *testing.B) {
				set := shipped(b).For(dir, Scope{})
				text := []byte(prose[:size])
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					set.Check(text, nil)
				}
			})
		}
	}
}

// BenchmarkCheckMatch judges a text in which every sentence is masked.
func BenchmarkCheckMatch(b *testing.B) {
	set := shipped(b).For(reeve.Out, Scope{})
	text := []byte("Please write to jane.doe@example.org or call (212) 555-0134. The forbidden phrase is never said aloud here.")
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		set.Check(text, nil)
	}
}

// BenchmarkShortStream opens a stream, writes 20 tokens and frees it.
func BenchmarkShortStream(b *testing.B) {
	set := shipped(b).For(reeve.Out, Scope{})
	all := tokens(prose)[:20]
	out := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		st := set.NewStream(nil)
		out = out[:0]
		for _, token := range all {
			out = st.Write(out, token)
		}
		out = st.Close(out)
		st.Free()
	}
}

func BenchmarkFor(b *testing.B) {
	p := shipped(b)
	s := Scope{Route: "/v1/chat/completions", Model: "llama3.2:3b", Role: "user", Label: "internal"}
	b.ReportAllocs()
	for b.Loop() {
		p.For(reeve.Out, s)
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		shipped(b)
	}
}

// TestStreamMemory opens a thousand streams, gives each a few tokens and measures what one costs.
func TestStreamMemory(t *testing.T) {
	set := shipped(t).For(reeve.Out, Scope{})
	const n = 1000
	streams := make([]*Stream, n)
	all := tokens(prose)[:50]
	out := make([]byte, 0, 1024)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range streams {
		streams[i] = set.NewStream(nil)
		for _, token := range all {
			out = streams[i].Write(out[:0], token)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n
	t.Logf("%d bytes for an open stream, of them %d in Stream itself", each, unsafe.Sizeof(Stream{}))
	if each > 4096 {
		t.Errorf("an open stream takes %d bytes", each)
	}
	for _, st := range streams {
		st.Free()
	}
}

// TestWriteDoesNotAllocate: the common case of a stream.
func TestWriteDoesNotAllocate(t *testing.T) {
	set := shipped(t).For(reeve.Out, Scope{})
	st := set.NewStream(nil)
	defer st.Free()
	out := make([]byte, 0, 1024)
	token := []byte(" table")
	for range 200 { // let the buffers grow to what they need
		st.Write(out, token)
	}
	if n := testing.AllocsPerRun(1000, func() { st.Write(out, token) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
