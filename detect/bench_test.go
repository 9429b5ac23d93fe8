package detect

import (
	"syscall"
	"testing"
	"time"
)

// cpu reports the speed in megabytes per second of processor time, which other work on the machine disturbs less.
func cpu(b *testing.B, size int) func() {
	start := cpuTime(b)
	return func() {
		spent := cpuTime(b) - start
		b.ReportMetric(float64(size)*float64(b.N)/1e6/spent.Seconds(), "MB/cpu-s")
		b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "cpu-ns/op")
	}
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkNewLiterals(b *testing.B) {
	words := randomWords(10000, 12, 24)
	for b.Loop() {
		mustNew(b, Options{Literals: []LiteralSet{{ID: "x", Words: words, FoldCase: true}}})
	}
}

const prose = "Thank you for getting in touch about your order. We have looked into the matter and, as far as we can see, the parcel left our warehouse on 14 May 2024 at 10:32 and should reach you within three working days. If it does not arrive by then, please let us know and we will send a replacement free of charge. You can follow the delivery at https://example.com/track/8841 or call us on weekdays between 9 and 17. The invoice (number 2024-00817, total 149.90) is attached as a PDF.\n"

// mixed is prose with some data in it, about one match in each kilobyte.
func mixed(size int) []byte {
	var b []byte
	for i := 0; len(b) < size; i++ {
		b = append(b, prose...)
		switch i % 4 {
		case 1:
			b = append(b, "Contact: jane.doe@example.org or +44 20 7946 0018.\n"...)
		case 2:
			b = append(b, `{"id": "550e8400-e29b-41d4-a716-446655440000", "ts": 1715600000, "sha": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "v": "1.24.3"}`+"\n"...)
		case 3:
			b = append(b, "Card 4111 1111 1111 1111 was charged; client 203.0.113.9 used key AKIAQ3EGRIZ7LMN5PXTW.\n"...)
		}
	}
	return b
}

func BenchmarkFind(b *testing.B) {
	text := mixed(1 << 20)
	e := mustNew(b, Options{Rules: ruleIDs()})
	defer cpu(b, len(text))()
	b.ReportAllocs()
	var dst []Match
	for b.Loop() {
		dst = e.Find(dst[:0], text)
	}
}

func BenchmarkFindWithLiterals(b *testing.B) {
	text := mixed(1 << 20)
	e := mustNew(b, Options{Rules: ruleIDs(), Literals: []LiteralSet{{ID: "x", Words: nameLike(10000), FoldCase: true, WholeWord: true}}})
	defer cpu(b, len(text))()
	var dst []Match
	for b.Loop() {
		dst = e.Find(dst[:0], text)
	}
}

func BenchmarkFindShort(b *testing.B) {
	text := []byte(prose[:200])
	e := mustNew(b, Options{Rules: ruleIDs()})
	defer cpu(b, len(text))()
	b.ReportAllocs()
	var dst []Match
	for b.Loop() {
		dst = e.Find(dst[:0], text)
	}
}

// BenchmarkFeed is one benign token.
func BenchmarkFeed(b *testing.B) {
	e := mustNew(b, Options{Rules: ruleIDs()})
	s := e.NewStream()
	token := []byte(" parce")
	s.Feed([]byte("we"))
	defer cpu(b, len(token))()
	b.ReportAllocs()
	for b.Loop() {
		s.Feed(token)
	}
}

func BenchmarkFeedWithLiterals(b *testing.B) {
	e := mustNew(b, Options{Rules: ruleIDs(), Literals: []LiteralSet{{ID: "x", Words: nameLike(10000), FoldCase: true, WholeWord: true}}})
	s := e.NewStream()
	token := []byte(" parce")
	defer cpu(b, len(token))()
	b.ReportAllocs()
	for b.Loop() {
		s.Feed(token)
	}
}

// BenchmarkStream feeds mixed text in tokens of six bytes.
func BenchmarkStream(b *testing.B) {
	text := mixed(1 << 16)
	e := mustNew(b, Options{Rules: ruleIDs()})
	s := e.NewStream()
	defer cpu(b, len(text))()
	b.ReportAllocs()
	for b.Loop() {
		s.Reset(e)
		for i := 0; i < len(text); i += 6 {
			s.Feed(text[i:min(i+6, len(text))])
		}
		s.End()
	}
}
