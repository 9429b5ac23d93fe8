package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestLedgerMissing(t *testing.T) {
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "custody", "segments"), 0o700); err != nil {
		t.Fatal(err)
	}
	leaf := func(id, kind string) string {
		return `{"exchange":"` + id + `","kind":"` + kind + `","n":"` + id + `x"}` + "\x00\xff"
	}
	segments := map[string]string{
		"1": leaf("a", "intent") + leaf("b", "intent") + leaf("c", "intent") + leaf("a", "outcome"),
		"2": "\x00\"" + leaf("b", "outcome"),
	}
	for name, s := range segments {
		if err := os.WriteFile(filepath.Join(data, "custody", "segments", name), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := newLedger()
	for _, id := range []string{"a", "b", "c", "d"} {
		l.observe(&reader{status: 200, exchange: id}, nil)
	}
	l.observe(&reader{status: 200, exchange: "c"}, errors.New("cut"))
	l.observe(&reader{status: 200, exchange: "e"}, errors.New("cut"))
	whole, begun, err := l.missing(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) != 2 || whole[0] != "c" || whole[1] != "d" || len(begun) != 1 || begun[0] != "e" {
		t.Errorf("missing %v and %v, want [c d] and [e]", whole, begun)
	}
}

func TestLedgerCountsBadAnswers(t *testing.T) {
	l := newLedger()
	l.observe(&reader{status: 503}, errStatus{503, "503 busy"})
	l.observe(&reader{}, errors.New("connection refused"))
	l.observe(&reader{status: 200, exchange: "b"}, errors.New("EOF"))
	l.observe(&reader{status: 200, exchange: "a"}, nil)
	if l.bad() != 0 || l.complain() != nil {
		t.Errorf("%d bad answers: %v", l.bad(), l.complain())
	}
	l.observe(&reader{status: 500}, errStatus{500, "500 oops"})
	l.observe(&reader{status: 200}, nil)
	l.observe(&reader{status: 200, exchange: "c"}, errAnswer("the answer differs"))
	if l.bad() != 3 || l.complain() == nil {
		t.Errorf("%d bad answers, want 3: %v", l.bad(), l.complain())
	}
}

func TestResultSound(t *testing.T) {
	for _, x := range []struct {
		r    result
		want bool
	}{
		{result{{"kills", 3}, {"acknowledged_lost", 0}}, true},
		{result{{"acknowledged_lost", 1}}, false},
		{result{{"cut_failed", 1}}, false},
		{result{{"bad_answers", 1}}, false},
	} {
		if x.r.sound() != x.want {
			t.Errorf("%v: sound is %v", x.r, !x.want)
		}
	}
}

func TestGoals(t *testing.T) {
	g, err := parseGoals("errors<=0 reeve:c32_cpu_ratio<=0.9 other:c32_cpu_ratio<=0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name string
		m    []figure
		want bool
	}{
		{"reeve", []figure{{"errors", 0}, {"c32_cpu_ratio", 0.8}}, true},
		{"reeve", []figure{{"errors", 0}, {"c32_cpu_ratio", 0.95}}, false},
		{"reeve", []figure{{"errors", 0}}, false}, // not measured
		{"third", []figure{{"errors", 0}}, true},
		{"third", []figure{{"errors", 1}}, false},
	} {
		if got := g.check(x.name, x.m); got != x.want {
			t.Errorf("%s %v: %v", x.name, x.m, got)
		}
	}
	if _, err := parseGoals("errors<0"); err == nil {
		t.Error("a goal with an unknown operator was taken")
	}
}
