package dataset_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/reeve-ai/reeve/internal/dataset"
)

type member struct {
	name string
	data []byte
}

func makeZip(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func makeTar(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		if err := w.WriteHeader(&tar.Header{Name: m.name, Size: int64(len(m.data)), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: "link", Linkname: "a", Typeflag: tar.TypeSymlink}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func makeGzip(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Name = "original"
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func makeZstd(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}

// readArchive reads data without comparing offsets, which count in what it expands to.
func readArchive(t testing.TB, name string, data []byte, lim dataset.Limits) *collector {
	t.Helper()
	c := &collector{t: t}
	if err := dataset.ReadFrom(context.Background(), name, bytes.NewReader(data), lim, c); err != nil {
		t.Fatal(err)
	}
	streamed := &collector{t: t}
	if err := dataset.ReadStream(context.Background(), name, bytes.NewReader(data), lim, streamed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.values, streamed.values); diff != "" {
		t.Errorf("the stream has other values: %s", diff)
	}
	return c
}

func TestArchives(t *testing.T) {
	line := []byte("{\"a\":\"x\"}\n")
	inner := makeZip(t, member{"in/b.jsonl", line}, member{"picture.png", []byte("\x89PNG\r\n\x1a\n...")})
	for _, c := range []struct {
		name    string
		data    []byte
		want    []value
		skipped []string
	}{
		{"a.jsonl.gz", makeGzip(t, line), []value{{"a.jsonl.gz", "a", "x", 1, 1}}, nil},
		{"a.jsonl.zst", makeZstd(t, line), []value{{"a.jsonl.zst", "a", "x", 1, 1}}, nil},
		{"a.zip", inner, []value{{"a.zip!/in/b.jsonl", "a", "x", 1, 1}}, []string{"a.zip!/picture.png: binary: picture"}},
		{"a.tgz", makeGzip(t, makeTar(t, member{"b.jsonl", line}, member{"c.zip", inner})), []value{
			{"a.tgz!/b.jsonl", "a", "x", 1, 1}, {"a.tgz!/c.zip!/in/b.jsonl", "a", "x", 1, 1},
		}, []string{"a.tgz!/c.zip!/picture.png: binary: picture", "a.tgz!/link: symbolic link, not followed"}},
		{"named.txt", inner, []value{{"named.txt!/in/b.jsonl", "a", "x", 1, 1}}, []string{"named.txt!/picture.png: binary: picture"}},
		{"cut.gz", makeGzip(t, line)[:25], []value{{"cut.gz", "", `{"a":`, 0, 1}}, []string{"cut.gz: truncated"}},
		{"cut.zip", inner[:len(inner)-30], nil, []string{"cut.zip: cannot be read: zip: not a valid zip file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readArchive(t, c.name, c.data, dataset.Limits{})
			if diff := cmp.Diff(c.want, got.values); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.skipped, got.skipped); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestArchiveLimits(t *testing.T) {
	zeros := bytes.Repeat([]byte("0 "), 20<<20)
	for _, c := range []struct {
		name string
		data []byte
		lim  dataset.Limits
		want string
	}{
		{"ratio.gz", makeGzip(t, zeros), dataset.Limits{}, "expands to more than 200 times its size"},
		{"ratio.zip", makeZip(t, member{"a.txt", zeros}), dataset.Limits{}, "expands to more than 200 times its size"},
		{
			"total.zip", makeZip(t, member{"a.txt", zeros[:4<<20]}, member{"b.txt", zeros[:4<<20]}),
			dataset.Limits{Expanded: 6 << 20},
			"expands to more than 6291456 bytes",
		},
		{"deep.gz", makeGzip(t, makeGzip(t, makeGzip(t, []byte("x")))), dataset.Limits{Depth: 2}, "archives nested too deeply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readArchive(t, c.name, c.data, c.lim)
			if len(got.skipped) != 1 || !strings.HasSuffix(got.skipped[0], c.want) {
				t.Errorf("skipped %q, want %q", got.skipped, c.want)
			}
		})
	}
}

func TestEncryptedMember(t *testing.T) {
	data := makeZip(t, member{"a.txt", []byte("secret")})
	central := bytes.Index(data, []byte("PK\x01\x02"))
	data[central+8] |= 1
	got := readArchive(t, "a.zip", data, dataset.Limits{})
	if diff := cmp.Diff([]string{"a.zip!/a.txt: encrypted"}, got.skipped); diff != "" {
		t.Error(diff)
	}
}
