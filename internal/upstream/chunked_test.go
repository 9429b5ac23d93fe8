package upstream

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

func readChunked(r io.Reader) (string, error) {
	b, err := io.ReadAll(&chunked{r: bufio.NewReader(r)})
	return string(b), err
}

func TestChunked(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"two chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"},
		{"upper and lower case", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
		{"extension", "3;x=y\r\nabc\r\n0\r\n\r\n", "abc"},
		{"trailers", "3\r\nabc\r\n0\r\nX: y\r\nZ: w\r\n\r\n", "abc"},
		{"line breaks inside", "6\r\na\r\n\r\nb\r\n0\r\n\r\n", "a\r\n\r\nb"},
		{"nothing", "0\r\n\r\n", ""},
	}
	for _, c := range cases {
		for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
			if got, err := readChunked(r); got != c.want || err != nil {
				t.Errorf("%s: %q %v", c.name, got, err)
			}
		}
	}
}

func TestChunkedRefuses(t *testing.T) {
	for _, in := range []string{
		"", "3", "3\r\nab", "3\r\nabc", "3\r\nabc\r\n", "3\r\nabc\r\n0\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3\nabc\n0\n\n", "x\r\n", "-1\r\n",
		"\r\n", "ffffffffffffffff\r\n", "10000000\r\n", "3 \nabc", strings.Repeat("1;", 5000) + "\r\n",
	} {
		if got, err := readChunked(strings.NewReader(in)); err == nil {
			t.Errorf("%.40q gives %q", in, got)
		}
	}
}

// TestChunkedTakesAll: all chunks that have arrived come with one Read.
func TestChunkedTakesAll(t *testing.T) {
	var in bytes.Buffer
	for i := range 50 {
		fmt.Fprintf(&in, "4\r\n%04d\r\n", i)
	}
	c := &chunked{r: bufio.NewReaderSize(&in, 4096)}
	if n, err := c.Read(make([]byte, 4096)); n != 200 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// FuzzChunked holds the reader against net/http's: where both accept a body they must give the same bytes. net/http also
// refuses trailers and extensions that are only read over here, so the bytes are compared up to the end of the chunks.
func FuzzChunked(f *testing.F) {
	for _, s := range []string{"3\r\nabc\r\n0\r\n\r\n", "1;a=b\r\nx\r\n0\r\nT: v\r\n\r\n", "0\r\n\r\n", "5\r\nab\r\nc\r\n0\r\n\r\n", "3\nabc\n0\n\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readChunked(bytes.NewReader(b))
		head := strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		resp, herr := http.ReadResponse(bufio.NewReader(io.MultiReader(head, bytes.NewReader(b))), nil)
		if herr != nil {
			t.Fatal(herr)
		}
		want, werr := io.ReadAll(resp.Body)
		if err == nil && werr == nil && string(want) != got {
			t.Fatalf("got %q, net/http says %q", got, want)
		}
		if err == nil && len(got) > len(b) {
			t.Fatalf("%d bytes out of %d", len(got), len(b))
		}
	})
}
