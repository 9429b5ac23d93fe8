package dataset_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/dataset"
)

func TestHTML(t *testing.T) {
	const p = "a.html"
	for _, c := range []struct {
		name, text string
		want       []value
	}{
		{"text across tags", "<p>Jane <b>Do</b>e</p>\n<p>x &lt; &eacute;&#x21;</p>", []value{
			{p, "", "Jane Doe", 0, 1}, {p, "", "x < é!", 0, 2},
		}},
		{"attributes", `<p>Write to <a class=x href="mailto:a&amp;b@example.org" title='T'>us</a> now</p>`, []value{
			{p, "", "Write to us now", 0, 1}, {p, "href", "mailto:a&b@example.org", 0, 1}, {p, "title", "T", 0, 1},
		}},
		{"scripts and comments", "<title>T &amp; U</title><script>var a = '<p>';</script><!-- c -->end", []value{
			{p, "title", "T & U", 0, 1}, {p, "script", "var a = '<p>';", 0, 1}, {p, "comment", " c ", 0, 1}, {p, "", "end", 0, 1},
		}},
		{"broken", "a < b <p x=\"never ends", []value{{p, "", "a < b <p x=\"never ends", 0, 1}}},
		{"lines", "<html>\n\n<i>x</i>\n<hr alt=\ny>", []value{{p, "", "\n\nx\n", 0, 1}, {p, "alt", "y", 0, 5}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, p, []byte(c.text), dataset.Limits{})
			if diff := cmp.Diff(c.want, got.values); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRewriteOfHTML(t *testing.T) {
	const in = "<p title=\"Jane Doe\" alt=Jane>Jane <b>Do</b>e &amp; Jane&nbsp;Doe</p><script>Jane</script>"
	const want = "<p title=\"&lt;X&gt; Doe\" alt=\"&lt;X&gt;\">&lt;X&gt;<b></b> &amp; &lt;X&gt;&nbsp;Doe</p><script><X></script>"
	out := rewrite(t, "a.html", []byte(in), func(b *dataset.Block) (edits []dataset.Edit) {
		for _, f := range b.Fields {
			text := string(b.Text[f.Start:f.End])
			for _, name := range []string{"Jane Doe", "Jane"} {
				for at := 0; ; {
					n := strings.Index(text[at:], name)
					if n < 0 || name == "Jane Doe" && f.Name != "" {
						break
					}
					at += n
					edits = append(edits, dataset.Edit{Start: f.Start + at, End: f.Start + at + len(name), Text: []byte("<X>")})
					text = text[:at] + strings.Repeat("\x00", len(name)) + text[at+len(name):]
				}
			}
		}
		return edits
	})
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
}

func TestLongScript(t *testing.T) {
	script := strings.Repeat("var a = 1;\n", 400_000)
	got := read(t, "a.html", []byte("<p>x</p><script>"+script+"</script><p>y</p>"), dataset.Limits{})
	if n := bytes.Count(got.owned, []byte("var a = 1;\n")); n != 400_000 {
		t.Errorf("%d lines of the script are owned", n)
	}
	if last := got.values[len(got.values)-1]; last.Text != "y" || last.Line != 400_001 {
		t.Errorf("the last value is %v", last)
	}
}

// placeChecker edits nothing, but asks for the place of each letter.
type placeChecker struct {
	t   *rapid.T
	raw string
}

func (p placeChecker) Skipped(path, reason string) { p.t.Fatalf("%s: %s", path, reason) }

func (p placeChecker) Block(b *dataset.Block) error {
	for i := range b.Fields {
		f := &b.Fields[i]
		for at := f.Start; at < f.End; at++ {
			place, ok := b.Place(f, at)
			if c := b.Text[at]; 'a' <= c && c <= 'z' && (!ok || p.raw[place] != c && p.raw[place] != '&') {
				p.t.Fatalf("%q of %q is said to stand at %d of %q", c, b.Text[f.Start:f.End], place, p.raw)
			}
		}
	}
	return nil
}

func TestPlaceOfHTML(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var parts []string
		for range rapid.IntRange(0, 20).Draw(rt, "parts") {
			parts = append(parts, rapid.SampledFrom([]string{
				"word", " ", "<b>", "</b>", "<p>", "&amp;", "&eacute;", "<a href='x&lt;y'>", "<br>", "<!-- c -->", "<", "&", "é", "\n",
				"<script>if (a<b)", "</script>", "<img alt=z>", "<p title=\"",
			}).Draw(rt, "part"))
		}
		raw := strings.Join(parts, "")
		v := placeChecker{rt, raw}
		if err := dataset.ReadFrom(context.Background(), "a.html", strings.NewReader(raw), dataset.Limits{}, v); err != nil {
			rt.Fatal(err)
		}
		// All the words that a browser sees are seen here.
		doc, err := html.Parse(strings.NewReader(raw))
		if err != nil {
			rt.Fatal(err)
		}
		words := 0
		for n := range doc.Descendants() {
			if n.Type == html.TextNode {
				words += strings.Count(n.Data, "word")
			}
		}
		c := &collector{t: t}
		if err := dataset.ReadFrom(context.Background(), "a.html", strings.NewReader(raw), dataset.Limits{}, c); err != nil {
			rt.Fatal(err)
		}
		if got := bytes.Count(c.owned, []byte("word")); got < words {
			rt.Fatalf("%d of %d words of %q were read", got, words, raw)
		}
	})
}
