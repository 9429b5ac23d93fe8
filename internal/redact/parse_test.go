package redact

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseOperator(t *testing.T) {
	for _, c := range []struct {
		text string
		want Operator
	}{
		{"mask", Operator{Name: Mask, Len: 20, Days: 365, Order: "mdy"}},
		{"mask:last=4", Operator{Name: Mask, Char: "*", Last: 4, Len: 20, Days: 365, Order: "mdy"}},
		{"mask:char=•", Operator{Name: Mask, Char: "•", Len: 20, Days: 365, Order: "mdy"}},
		{"replace:text=a=b", Operator{Name: Replace, Text: "a=b", Len: 20, Days: 365, Order: "mdy"}},
		{"hash:prefix=h_,len=32", Operator{Name: Hash, Prefix: "h_", Len: 32, Days: 365, Order: "mdy"}},
		{"pseudonymize:domain=keep", Operator{Name: Pseudonymise, Domain: true, Len: 20, Days: 365, Order: "mdy"}},
		{"date-shift:days=30,order=dmy", Operator{Name: DateShift, Days: 30, Len: 20, Order: "dmy"}},
	} {
		got, err := ParseOperator(c.text)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", c.text, err, diff)
		}
	}
	for _, text := range []string{
		"", "blur", "mask:", "mask:char=", "mask:char=ab", "mask:last=-1", "mask:last=x", "remove:x=1", "replace", "replace:", "hash:len=3", "hash:len=99",
		"date-shift:days=0", "date-shift:order=ymd", "pseudonymise:domain=drop", "encrypt:fresh=maybe", "replace:text=a\nb", "replace:text=" + strings.Repeat("x", 300),
	} {
		if o, err := ParseOperator(text); err == nil {
			t.Errorf("%q was taken as %+v", text, o)
		}
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ spec, value, want string }{
		{"mask:char=*,last=4", "4556737586899855", "************9855"},
		{"mask:char=#,last=8", "abcd", "##cd"},
		{"mask:last=2", "Müller", "****er"},
		{"mask:char=•", "äö", "••"},
	} {
		o, err := ParseOperator(c.spec)
		if got := string(mask(&o, nil, []byte(c.value))); got != c.want || err != nil {
			t.Errorf("%s %q: %q, want %q (%v)", c.spec, c.value, got, c.want, err)
		}
	}
}

const policyText = `version: 1
default: mask
operators:
  EMAIL_ADDRESS: pseudonymise
  "secret/*": remove
  DATE_TIME: date-shift:days=30
subject_field: patient
`

func TestParsePolicy(t *testing.T) {
	p, err := ParsePolicy("p.yaml", []byte(policyText))
	if err != nil || p.SubjectField != "patient" || !p.NeedsKey() {
		t.Fatalf("%v %+v", err, p)
	}
	for _, c := range []struct{ text, want string }{
		{"", "p.yaml: version 0"},
		{"version: 2", "version 2"},
		{"version: 1\ncolour: red", "p.yaml:2:1: unknown field"},
		{"version: 1\noperators: [mask]", "p.yaml:2:"},
		{"version: 1\noperators: {US_SSN: blur}", `"blur" is no operator`},
		{"version: 1\noperators: {'US SSN': mask}", "is no kind"},
		{"version: 1\ndefault: US_SSN=mask", "without a kind"},
		{"version: &a 1", "anchors"},
		{"version: 1\n---\nversion: 1", "2 YAML documents"},
		{"version: 1\nversion: 1", "p.yaml:2:"},
		{"version: 1\noperators: {SECRET: pseudonymise}", "cannot be pseudonymised"},
		{strings.Repeat("#", limits.Bytes+1), "more than 1048576"},
	} {
		if _, err := ParsePolicy("p.yaml", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(policyText))
	f.Add([]byte("version: 1\noperators: {a: mask:char=*}"))
	f.Fuzz(func(t *testing.T, source []byte) {
		p, err := ParsePolicy("fuzz", source)
		if (p == nil) == (err == nil) {
			t.Errorf("%v %v", p, err)
		}
	})
}

func FuzzToken(f *testing.F) {
	s, err := newSealer(testKey(f, 1))
	if err != nil {
		f.Fatal(err)
	}
	token, err := s.seal([]byte("jane"), false)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add([]byte("a[rv1:[rv1:AQ]]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for at := 0; ; {
			from, to := nextToken(text[at:])
			if from < 0 {
				return
			}
			if from >= to || to > len(text)-at {
				t.Fatalf("token at [%d, %d) of %d bytes", from, to, len(text)-at)
			}
			whole := text[at+from : at+to]
			value, err := s.open(whole)
			if err == nil && whole[len(tokenOpen)] != 'A' {
				t.Errorf("opened %q", value)
			}
			if err == nil && bytes.HasPrefix(whole, []byte("[rv1:AQ")) { // AES-SIV has one token for a value
				if again, err := s.seal(value, false); err != nil || !bytes.Equal(again, whole) {
					t.Errorf("a second token for one value: %v", err)
				}
			}
			at += to
		}
	})
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "k")
	for text, good := range map[string]bool{
		strings.Repeat("07", 32) + "\n": true, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=": true, strings.Repeat("07", 31): false, "": false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := ReadKey("file:" + path)
		if (err == nil) != good || k.Set() != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ReadKey("file:" + dir); err == nil {
		t.Error("a folder is a key")
	}
}

// TestSidecar checks the file of a set that did not fit into memory, and every byte of it against a flip.
func TestSidecar(t *testing.T) {
	s, err := NewSurrogates(testKey(t, 1), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 30 {
		if err := s.Add([]byte{byte(i % 20)}); err != nil {
			t.Fatal(err)
		}
		if i%7 == 6 {
			if err := s.spill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if n, err := s.WriteTo(&b); err != nil || n != int64(b.Len()) || b.Len() != sidecarHead+20*tagSize+32 {
		t.Fatalf("%d bytes, %v", b.Len(), err)
	}
	path := filepath.Join(t.TempDir(), "s")
	open := func(text []byte) (*Surrogates, error) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return OpenSurrogates(path, testKey(t, 1))
	}
	got, err := open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	for i := range 40 {
		if ok, err := got.Has([]byte{byte(i)}); ok != (i < 20) || err != nil {
			t.Errorf("%d: %v %v", i, ok, err)
		}
	}
	for i := range b.Len() {
		bad := bytes.Clone(b.Bytes())
		bad[i] ^= 1
		if _, err := open(bad); err == nil {
			t.Fatalf("byte %d changed, and nobody saw it", i)
		}
	}
	for _, n := range []int{0, 10, sidecarHead, b.Len() - 1} {
		if _, err := open(b.Bytes()[:n]); err == nil {
			t.Errorf("cut to %d bytes, and nobody saw it", n)
		}
	}
	if _, err := open(append(bytes.Clone(b.Bytes()), 0)); err == nil {
		t.Error("a byte more, and nobody saw it")
	}
}
