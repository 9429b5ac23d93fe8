package dataset_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// ignore is a Visitor that looks at nothing.
type ignore struct{ bytes int }

func (i *ignore) Block(b *dataset.Block) error { i.bytes += b.To - b.From; return nil }
func (i *ignore) Skipped(path, reason string)  { panic(path + ": " + reason) }

const prose = "The quick brown fox jumps over the lazy dog, and nobody minded that it was an ordinary day in a small town by the sea. "

// samples are files of about 16 MiB.
func samples() map[string][]byte {
	var short, long, table bytes.Buffer
	table.WriteString("id,full_name,city\n")
	for i := 0; long.Len() < 16<<20; i++ {
		fmt.Fprintf(&long, "{\"id\": %d, \"text\": \"%s\\n%s\", \"meta\": {\"lang\": \"en\", \"score\": 0.5}}\n",
			i, strings.Repeat(prose, 20), strings.Repeat(prose, 20))
	}
	for i := 0; short.Len() < 16<<20; i++ {
		fmt.Fprintf(&short, "{\"id\": %d, \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}, {\"role\": \"assistant\", \"content\": \"ok\"}]}\n",
			i, prose)
	}
	for i := 0; table.Len() < 16<<20; i++ {
		fmt.Fprintf(&table, "%d,Jane Doe,\"Springfield, %d\"\n", i, i%100)
	}
	document := "[" + strings.ReplaceAll(strings.TrimSpace(long.String()), "\n", ",\n") + "]"
	return map[string][]byte{
		"long.jsonl": long.Bytes(), "short.jsonl": short.Bytes(), "document.json": []byte(document), "table.csv": table.Bytes(),
		"prose.txt":  bytes.Repeat([]byte(prose+"\n"), 16<<20/len(prose)),
		"page.html":  bytes.Repeat([]byte("<p class=\"x\">"+prose+"<a href=\"/x\">A &amp; B</a></p>\n"), 16<<20/len(prose)),
		"umlaut.txt": bytes.Repeat([]byte("Ein Satz mit Umlauten: äöü ÄÖÜ ß, und weiter geht es im Text.\n"), 250_000),
	}
}

func BenchmarkRead(b *testing.B) {
	for name, data := range samples() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := dataset.ReadFrom(context.Background(), name, bytes.NewReader(data), dataset.Limits{}, &ignore{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReadParquet(b *testing.B) {
	type row struct {
		Text string `parquet:"text,zstd"`
		ID   int64  `parquet:"id"`
	}
	var rows []row
	for i := range 20_000 {
		rows = append(rows, row{strings.Repeat(prose, 5) + strconv.Itoa(i), int64(i)})
	}
	data := makeParquet(b, rows, &parquet.Snappy)
	b.SetBytes(int64(len(rows) * len(rows[0].Text)))
	for b.Loop() {
		if err := dataset.ReadFrom(context.Background(), "a.parquet", bytes.NewReader(data), dataset.Limits{}, &ignore{}); err != nil {
			b.Fatal(err)
		}
	}
}

// endless gives the same bytes again and again, n in all.
type endless struct {
	data []byte
	n    int64
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), e.n)], e.data[e.at:])
	e.at, e.n = (e.at+n)%len(e.data), e.n-int64(n)
	return n, nil
}

// BenchmarkMemory reads streams of 1 GiB, or of what REEVE_BENCH_BYTES says (20e9 is the figure in the documentation), and
// reports the most memory that the process has had from the system.
func BenchmarkMemory(b *testing.B) {
	size := int64(1 << 30)
	if s := os.Getenv("REEVE_BENCH_BYTES"); s != "" {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			b.Fatal(err)
		}
		size = int64(f)
	}
	for _, c := range []struct{ name, first, data string }{
		{"lines.jsonl", "", "{\"id\": 17, \"text\": \"" + prose + "\"}\n"},
		{"one-line.jsonl", "{\"text\": \"", prose},
		{"one-string.json", "{\"text\": \"", prose},
		{"numbers.json", "[0", ", 1234567890123456"},
		{"one-line.txt", "", prose},
		{"one-quote.csv", "a_b,b\n\"", prose},
		{"latin1.txt", "", "H\xe4tte \xfcber\n"},
		{"script.html", "<script>", prose},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				r := io.MultiReader(strings.NewReader(c.first), &endless{data: bytes.Repeat([]byte(c.data), 1000), n: size})
				if err := dataset.ReadStream(context.Background(), c.name, r, dataset.Limits{}, &ignore{}); err != nil {
					b.Fatal(err)
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-from-system")
		})
	}
}
