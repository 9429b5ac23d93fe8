package demo

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

func loadSample(t testing.TB) ([]Conversation, []Plant) {
	t.Helper()
	convs, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	planted, err := Planted()
	if err != nil {
		t.Fatal(err)
	}
	return convs, planted
}

func TestLoad(t *testing.T) {
	convs, _ := loadSample(t)
	if len(convs) < 300 {
		t.Errorf("%d conversations, want about 300 or more", len(convs))
	}
	lines, texts := map[string]int{}, map[string]int{}
	for _, c := range convs {
		lines[c.File]++
		if c.Record != lines[c.File] || c.File != c.Source+".jsonl" {
			t.Errorf("%s:%d comes as record %d of source %s", c.File, lines[c.File], c.Record, c.Source)
		}
		for i, msg := range c.Messages {
			if want := []string{"user", "assistant"}[i%2]; msg.Role != want || strings.TrimSpace(msg.Content) == "" {
				t.Errorf("%s:%d message %d: role %s, %d bytes", c.File, c.Record, i, msg.Role, len(msg.Content))
			}
		}
		if len(c.Messages) < 2 {
			t.Errorf("%s:%d has no answer", c.File, c.Record)
		}
		texts[fmt.Sprint(c.Messages)]++
	}
	if len(texts) < len(convs)*97/100 {
		t.Errorf("only %d of %d conversations differ", len(texts), len(convs))
	}
}

func TestPlantedStandsInTheConversations(t *testing.T) {
	convs, planted := loadSample(t)
	byPlace := map[string]Conversation{}
	for _, c := range convs {
		byPlace[fmt.Sprint(c.File, ":", c.Record)] = c
	}
	for _, p := range planted {
		c := byPlace[fmt.Sprint(p.File, ":", p.Record)]
		found := false
		for i, msg := range c.Messages {
			found = found || p.Field == fmt.Sprintf("messages.%d.content", i) && msg.Content[p.Start:p.End] == p.Value
		}
		if !found || c.Source != p.Source {
			t.Errorf("%s:%d does not hold the planted %s at %s", p.File, p.Record, p.Kind, p.Field)
		}
	}
}

func TestOneSourceHasNoLicence(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(files, "sourcing.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var without []string
	entries := strings.Split(string(data), "  - name: ")[1:]
	for _, e := range entries {
		if !strings.Contains(e, "licence:") {
			without = append(without, strings.SplitN(e, "\n", 2)[0])
		}
	}
	if len(entries) != 3 || len(without) != 1 || without[0] != "forum" {
		t.Errorf("%d sources, without licence: %v; want 3 and forum", len(entries), without)
	}
}

func TestCleanLeavesTheInputAlone(t *testing.T) {
	convs := []Conversation{{Messages: []Message{{"user", "call 12"}, {"assistant", "12 it is"}}, Source: "s", File: "f", Record: 3}}
	out := Clean(convs, func(text string) string { return strings.ReplaceAll(text, "12", "[N]") })
	if out[0].Messages[1].Content != "[N] it is" || out[0].Record != 3 {
		t.Errorf("cleaned to %+v", out[0])
	}
	if convs[0].Messages[0].Content != "call 12" {
		t.Error("the input has changed")
	}
}

func TestReplacerTakesTheLongerValueFirst(t *testing.T) {
	r := Replacer([]Plant{{Kind: "A", Value: "ann"}, {Kind: "B", Value: "ann@x.example"}})
	if got := r("ann: ann@x.example"); got != "[A]: [B]" {
		t.Errorf("got %q", got)
	}
}
