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

// thirds is the text that the speed of the product is judged on, as lines of JSON: a third each of source and
// configuration, of documentation, and of prose that is dense with personal data.
func thirds(size int) []byte {
	pieces := [3][]string{
		{
			`func (r *reader) fill(n int) error {\n\tif cap(r.buf)-r.end < n {\n\t\tcopy(r.buf, r.buf[r.start:r.end])\n\t\tr.end -= r.start\n\t}\n\treturn r.src.read(&r.buf, n)\n}\n`,
			`services:\n  web:\n    image: registry.internal/web:1.24.3\n    ports: [\"8080:80\"]\n    environment:\n      LOG_LEVEL: info\n      WORKERS: 4\n`,
			`for (const [key, value] of Object.entries(options)) {\n  if (value === undefined) continue;\n  params.set(key, String(value));\n}\nexport default params;\n`,
		},
		{
			`## Install\n\nDownload the archive for your system, check its sum and unpack it into a folder of your own. See [the manual](docs/install.md) for packages.\n\n`,
			`| option | default | meaning |\n|---|---|---|\n| size | 512 | bytes of one block |\n| level | 3 | how hard to compress, from 1 to 9 |\n`,
			`The format is stable since version 2.1; older files are read but never written. A file begins with a header of 32 bytes, and each block carries its own sum.\n`,
		},
		{
			`Jane Doe, born on 14 May 1975, lives at 12 High Street and can be reached at (212) 555-0134 or jane.doe@example.org; her card is 4539 5787 6362 1486.\n`,
			`Please transfer 200 to DE89 3704 0044 0532 0130 00, and send the receipt to max@example.net. My social security number is 536-22-1234.\n`,
			`Login of user 8841 from 203.0.113.9 on 2024-05-14 10:32:07; see https://example.com/profile/8841 for more. Call +44 20 7946 0018 if it was not you.\n`,
		},
	}
	var b []byte
	for i := 0; len(b) < size; i++ {
		kind := pieces[i%3]
		b = append(b, `{"id": "`...)
		b = append(b, sampleHex(12)...)
		b = append(b, `", "text": "`...)
		for k := range 8 {
			b = append(b, kind[(i/3+k)%len(kind)]...)
		}
		b = append(b, "\"}\n"...)
	}
	return b
}

// BenchmarkThirds is all rules on that text; allocations are those of the result.
func BenchmarkThirds(b *testing.B) {
	text := thirds(1 << 20)
	e := mustNew(b, Options{Rules: ruleIDs()})
	defer cpu(b, len(text))()
	b.ReportAllocs()
	var dst []Match
	for b.Loop() {
		dst = e.Find(dst[:0], text)
	}
}
