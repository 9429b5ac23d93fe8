package hdf5_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/hdf5"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".h5.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// seen is what a walk met.
type seen struct {
	attributes, external []string
	filters              []int
	objects              int
}

func walk(b []byte) (s seen, err error) {
	err = hdf5.Walk(io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), &hdf5.Visitor{
		Attribute: func(object, name string, values []*io.SectionReader) {
			var texts []string
			for _, v := range values {
				b, _ := io.ReadAll(io.LimitReader(v, 86))
				texts = append(texts, strings.TrimRight(string(b), "\x00"))
			}
			s.attributes = append(s.attributes, fmt.Sprintf("%s %s=%s", object, name, strings.Join(texts, "|")))
		},
		External: func(object, kind, file string) {
			s.external = append(s.external, fmt.Sprintf("%s %s %s", object, kind, file))
		},
		Filter: func(_ string, id int) { s.filters = append(s.filters, id) },
		Object: func(string) { s.objects++ },
	})
	slices.Sort(s.attributes)
	slices.Sort(s.external)
	return s, err
}

func TestKeras(t *testing.T) {
	for name, layer := range map[string]string{"keras": "Dense", "lambda": "Lambda", "lambda-latest": "Lambda", "lambda-block": "Lambda"} {
		s, err := walk(sample(t, name))
		want := []string{
			"/ keras_version=2.13.1", "/ layer_names=dense|other",
			("/ model_config=" + fmt.Sprintf(`{"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "%s", "co`, layer))[:101],
		}
		if diff := cmp.Diff(want, s.attributes); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
		if diff := cmp.Diff([]int{2, 1}, s.filters); diff != "" || s.objects != 4 {
			t.Errorf("%s: %d objects, filters %s", name, s.objects, diff)
		}
	}
}

func TestMany(t *testing.T) {
	for _, name := range []string{"many", "many-latest"} {
		s, err := walk(sample(t, name))
		if err != nil || len(s.attributes) != 600 || s.objects != 301 {
			t.Errorf("%s: %v, %d attributes, %d objects", name, err, len(s.attributes), s.objects)
		}
		if !slices.Contains(s.attributes, "/ a299=value 299") || !slices.Contains(s.attributes, "/g299 name=group 299") {
			t.Errorf("%s: %q", name, s.attributes[:3])
		}
	}
}

func TestHugeAttribute(t *testing.T) {
	s, err := walk(sample(t, "huge"))
	if err != nil || len(s.attributes) != 11 || !strings.HasPrefix(s.attributes[10], `/ model_config={"class_name": "Seq`) {
		t.Errorf("%v %q", err, s.attributes)
	}
}

func TestWhatLiesOutside(t *testing.T) {
	s, err := walk(sample(t, "outside"))
	want := []string{"/link link /etc/passwd", "/raw storage ../secret.bin", "/virtual virtual data set other.h5"}
	if diff := cmp.Diff(want, s.external); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// A file that is cut off anywhere is no file, and nothing worse happens.
func TestCutOff(t *testing.T) {
	b := sample(t, "lambda")
	for n := 0; n < len(b); n += 13 {
		if _, err := walk(b[:n]); err == nil && n < 2000 {
			t.Errorf("%d bytes are enough", n)
		} else if err != nil && !errors.Is(err, hdf5.ErrDamaged) {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func FuzzWalk(f *testing.F) {
	for _, name := range []string{"keras", "lambda-latest", "outside", "huge"} {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		size := int64(len(b))
		_ = hdf5.Walk(io.NewSectionReader(bytes.NewReader(b), 0, size), &hdf5.Visitor{
			Attribute: func(_, _ string, values []*io.SectionReader) {
				for _, v := range values {
					if v.Size() > size {
						t.Error("a text longer than the file")
					}
				}
			},
		})
	})
}
