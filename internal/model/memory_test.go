package model_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/model"
)

// TestScanOnce is the other process of TestMemory: it scans one file and tells how much memory that took at most.
func TestScanOnce(t *testing.T) {
	path := os.Getenv("REEVE_SCAN_ONCE")
	if path == "" {
		t.Skip("run by TestMemory")
	}
	debug.SetMemoryLimit(90 << 20) // as the command does
	err := model.NewScanner(model.Options{}).Path(context.Background(), path, func(r *model.Result) error {
		fmt.Printf("verdict=%v\n", r.Verdict)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Printf("kilobytes=%s\n", strings.Fields(rest)[0])
		}
	}
}

const twoGB = 2 << 30

// TestMemory scans files that are large, or stand for something large, each in a process of its own, and looks at its peak.
func TestMemory(t *testing.T) {
	if os.Getenv("REEVE_LONG") == "" {
		t.Skip("REEVE_LONG is not set: large files")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc: the peak of memory cannot be read")
	}
	for name, write := range map[string]func(w *bufio.Writer) (tail int64, end []byte){
		"pickle.pkl": func(w *bufio.Writer) (int64, []byte) {
			_, _ = w.WriteString("\x80\x04\x8e" + string(binary.LittleEndian.AppendUint64(nil, twoGB)))
			return twoGB, []byte(".")
		},
		"stored.zip": func(w *bufio.Writer) (int64, []byte) {
			local := "PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x00\x00\x00\x7f\x01\x00\x00\x00a"
			_, _ = w.WriteString(local)
			central := "PK\x01\x02\x14\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x00\x00\x00\x7f\x01\x00" + strings.Repeat("\x00", 16) + "a"
			end := "PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(central)))) +
				string(binary.LittleEndian.AppendUint32(nil, uint32(len(local)+0x7f000000))) + "\x00\x00"
			return 0x7f000000, []byte(central + end)
		},
		"zeros.gguf": func(w *bufio.Writer) (int64, []byte) {
			_, _ = w.Write(gguf(map[string]string{"general.architecture": "llama"}))
			return twoGB, nil
		},
		"text.gguf": func(w *bufio.Writer) (int64, []byte) { // a template of two gigabytes
			b := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte("GGUF\x03\x00\x00\x00"), 0), 1)
			key := "tokenizer.chat_template"
			b = append(binary.LittleEndian.AppendUint64(b, uint64(len(key))), key...)
			b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(b, 8), twoGB)
			_, _ = w.Write(b)
			return twoGB, nil
		},
		"big.safetensors": func(w *bufio.Writer) (int64, []byte) {
			header := fmt.Sprintf(`{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%[1]d]}}`, int64(twoGB))
			_, _ = w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
			_, _ = w.WriteString(header)
			return twoGB, nil
		},
		"names.safetensors": func(w *bufio.Writer) (int64, []byte) { // a header near the format's own limit
			var b bytes.Buffer
			b.WriteByte('{')
			for i := range 1_300_000 {
				if i > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, `"t%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
			}
			b.WriteByte('}')
			_, _ = w.Write(binary.LittleEndian.AppendUint64(nil, uint64(b.Len())))
			_, _ = w.Write(b.Bytes())
			return 0, nil
		},
		"bomb.gz": func(w *bufio.Writer) (int64, []byte) {
			z := gzip.NewWriter(w)
			_, _ = io.CopyN(z, zeros{}, twoGB)
			_ = z.Close()
			return 0, nil
		},
		"template.json": func(w *bufio.Writer) (int64, []byte) {
			_, _ = w.WriteString(`{"chat_template":"`)
			for range 100_000_000 / 10 {
				_, _ = w.WriteString("{{ abc }} ")
			}
			_, _ = w.WriteString(`"}`)
			return 0, nil
		},
		"template.jinja": func(w *bufio.Writer) (int64, []byte) {
			for range 100_000_000 / 10 {
				_, _ = w.WriteString("{{ abc }} ")
			}
			return 0, nil
		},
		"memo.pkl": func(w *bufio.Writer) (int64, []byte) {
			_, _ = w.WriteString("\x80\x04]\x94")
			for i := range 3_000_000 {
				_, _ = fmt.Fprintf(w, "\x8c\x20%032d\x94", i)
				if i%2 == 0 {
					_, _ = w.WriteString("\x85\x94")
				}
				_, _ = w.WriteString("0")
			}
			return 0, []byte(".")
		},
		"objects.pkl": func(w *bufio.Writer) (int64, []byte) {
			_, _ = w.WriteString("\x80\x04(" + global("collections", "OrderedDict") + "\x940")
			for i := range 3_000_000 {
				_, _ = fmt.Fprintf(w, "h\x00\x8c\x08%08d\x8c\x01a\x86R\x94", i)
				if i > 200_000 {
					_, _ = w.WriteString("0")
				}
			}
			return 0, []byte("l.")
		},
		"members.zip": func(w *bufio.Writer) (int64, []byte) {
			var parts []string
			for i := range 150_000 {
				parts = append(parts, fmt.Sprintf("data/%d.txt", i), "x")
			}
			_, _ = w.Write(zipped(t, parts...))
			return 0, nil
		},
		"deep.json": func(w *bufio.Writer) (int64, []byte) {
			for range 100_000_000 {
				_ = w.WriteByte('[')
			}
			return 0, nil
		},
		"zeros.h5": func(w *bufio.Writer) (int64, []byte) {
			_, _ = w.WriteString("\x89HDF\r\n\x1a\n")
			return twoGB, nil
		},
		"zeros.bin": func(*bufio.Writer) (int64, []byte) { return twoGB, nil },
		"letters.txt": func(w *bufio.Writer) (int64, []byte) {
			for range 200_000_000 {
				_ = w.WriteByte('c')
			}
			return 0, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			sparse(t, path, write)
			cmd := exec.Command(os.Args[0], "-test.run=^TestScanOnce$", "-test.v")
			cmd.Env = append(os.Environ(), "REEVE_SCAN_ONCE="+path)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			kilobytes, verdict := 0, ""
			for line := range strings.Lines(string(out)) {
				if v, ok := strings.CutPrefix(strings.TrimSpace(line), "kilobytes="); ok {
					kilobytes, _ = strconv.Atoi(v)
				}
				if v, ok := strings.CutPrefix(strings.TrimSpace(line), "verdict="); ok {
					verdict = v
				}
			}
			t.Logf("%s: %s, %d MB at most", name, verdict, kilobytes>>10)
			if kilobytes == 0 || kilobytes > 128<<10 {
				t.Errorf("%d kB", kilobytes)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func global(module, name string) string { return "c" + module + "\n" + name + "\n" }

// sparse writes a file whose middle takes no room.
func sparse(t *testing.T, path string, write func(w *bufio.Writer) (int64, []byte)) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	hole, end := write(w)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	at, err := f.Seek(hole, io.SeekCurrent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(end, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(at + int64(len(end))); err != nil {
		t.Fatal(err)
	}
}
