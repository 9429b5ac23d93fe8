package model_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/model"
)

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func at(day string) func() time.Time {
	return func() time.Time {
		t, err := time.Parse(time.DateTime, day)
		if err != nil {
			panic(err)
		}
		return t
	}
}

func TestAllowFileEnds(t *testing.T) {
	f, err := model.ParseAllowFile("allow.yaml", []byte("version: 1\n"+
		"pins:\n  - {sha256: "+strings.ToUpper(digest)+", owner: a@b, reason: read, expires: \"2026-11-21\"}\n"+
		"imports:\n  - {name: our.nets.Encoder, owner: a@b, reason: ours, expires: \"2026-11-20\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]model.Options{
		"2026-11-20 23:59:59": {Pins: map[string]bool{digest: true}, Allow: map[string]bool{"our.nets.Encoder": true}},
		"2026-11-21 23:59:59": {Pins: map[string]bool{digest: true}, Allow: map[string]bool{}},
		"2026-11-22 00:00:00": {Pins: map[string]bool{}, Allow: map[string]bool{}},
	} {
		if diff := cmp.Diff(want, f.Options(at(day))); diff != "" {
			t.Errorf("%s:\n%s", day, diff)
		}
	}
}

func TestAllowFileIsStrict(t *testing.T) {
	entry := ", owner: a@b, reason: r, expires: \"2026-11-21\"}\n"
	for name, text := range map[string]string{
		"version":       "version: 2\n",
		"unknown key":   "version: 1\nall: true\n",
		"short digest":  "version: 1\npins:\n  - {sha256: abc" + entry,
		"no hex":        "version: 1\npins:\n  - {sha256: " + strings.Repeat("g", 64) + entry,
		"no owner":      "version: 1\npins:\n  - {sha256: " + digest + ", reason: r, expires: \"2026-11-21\"}\n",
		"no reason":     "version: 1\npins:\n  - {sha256: " + digest + ", owner: a, expires: \"2026-11-21\"}\n",
		"no end":        "version: 1\npins:\n  - {sha256: " + digest + ", owner: a, reason: r}\n",
		"no date":       "version: 1\npins:\n  - {sha256: " + digest + ", owner: a, reason: r, expires: never}\n",
		"no module":     "version: 1\nimports:\n  - {name: Encoder" + entry,
		"star":          "version: 1\nimports:\n  - {name: \"our.*\"" + entry,
		"no such thing": "version: 1\nimports:\n  - {name: \"our. nets\"" + entry,
	} {
		if _, err := model.ParseAllowFile("allow.yaml", []byte(text)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// A pin accepts the bytes that were read, and no other ones; it never accepts what is malicious, broken or unreadable.
func TestPinsAcceptReviewAlone(t *testing.T) {
	net := pickled(imports("our.nets", "Encoder") + ")\x81")
	for name, tt := range map[string]struct {
		content []byte
		want    model.Verdict
	}{
		"reviewed":  {net, model.Clean},
		"malicious": {calls("os", "system", "id"), model.Malicious},
		"invalid":   {[]byte(stateDic[:10]), model.Invalid},
	} {
		o := model.Options{Pins: map[string]bool{scan("m.pkl", tt.content).SHA256: true}}
		s := model.NewScanner(o)
		if r := s.Reader(context.Background(), "m.pkl", bytes.NewReader(tt.content), int64(len(tt.content))); r.Verdict != tt.want {
			t.Errorf("%s: %v", name, r.Verdict)
		}
		changed := append(bytes.Clone(net), net...)
		if r := s.Reader(context.Background(), "m.pkl", bytes.NewReader(changed), int64(len(changed))); r.Verdict != model.Review {
			t.Errorf("%s: another file is %v", name, r.Verdict)
		}
	}
}

func FuzzAllowFile(f *testing.F) {
	f.Add([]byte("version: 1\npins:\n  - {sha256: " + digest + ", owner: a, reason: r, expires: \"2026-11-21\"}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := model.ParseAllowFile("a.yaml", b)
		if err != nil {
			return
		}
		if o := file.Options(at("2026-11-21 00:00:00")); len(o.Pins) > len(file.Pins) || len(o.Allow) > len(file.Imports) {
			t.Error("more is accepted than the file says")
		}
	})
}
