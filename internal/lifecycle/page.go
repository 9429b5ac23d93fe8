package lifecycle

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageFiles embed.FS

// maxReadable bounds a text on the page; the whole of it is in records.jsonl.
const maxReadable = 64 << 10

// maxItems bounds the entries of the page.
const maxItems = 20_000

// page is what a person reads of a bundle: one entry for each exchange or event.
type page struct {
	items []*pageItem
	byID  map[string]*pageItem
	More  int // records that are not on the page
}

type pageItem struct {
	ID, Kind, Model, Result, Label string
	Time                           string
	Input, Output, Other           string
	Gone                           string
	Proofs                         []uint64
}

func (p *page) add(e *Entry) {
	if p.byID == nil {
		p.byID = map[string]*pageItem{}
	}
	item := p.byID[e.ID]
	if item == nil && len(p.items) >= maxItems {
		p.More++
		return
	}
	if item == nil {
		item = &pageItem{ID: e.ID, Kind: e.Kind, Time: e.Time.Format("2006-01-02 15:04:05 UTC"), Result: "open"}
		p.byID[e.ID] = item
		p.items = append(p.items, item)
	}
	item.Proofs = append(item.Proofs, e.Seq)
	if l, err := parseLeaf(e.Seq, e.Leaf); err == nil {
		item.describe(l)
	}
	item.Input = readable(e.Input, e.InputBase64, item.Input)
	item.Output = readable(e.Output, e.OutputBase64, item.Output)
	item.Other = readable(e.Payload, e.PayloadBase64, item.Other)
	switch {
	case e.Erased:
		item.Gone = "erased: its keys are destroyed"
	case e.Dropped:
		item.Gone = "let go: the time for which content is kept was up"
	}
}

func (i *pageItem) describe(l *leaf) {
	switch l.Kind {
	case "intent":
		i.Kind = "exchange"
	case "outcome", "aborted":
		i.Kind, i.Result = "exchange", l.Kind
	default:
		i.Kind, i.Result = l.Kind, "done"
		if l.Act != "" {
			i.Kind = l.Act
		}
	}
	if l.Result != "" {
		i.Result = l.Result
	}
	if l.Model != "" {
		i.Model = l.Model
	}
	labels := slices.DeleteFunc([]string{l.LabelIn, l.LabelOut}, func(s string) bool { return s == "" || strings.Contains(i.Label, s) })
	i.Label = strings.Trim(i.Label+" "+strings.Join(labels, " "), " ")
}

// readable is a text for the page, or what stood there before.
func readable(text *string, raw []byte, before string) string {
	switch {
	case text != nil && len(*text) > maxReadable:
		return strings.ToValidUTF8((*text)[:maxReadable], "") + " … (the whole text is in " + recordsFile + ")"
	case text != nil:
		return *text
	case raw != nil:
		return fmt.Sprintf("(%d bytes that are no text; they are in %s)", len(raw), recordsFile)
	}
	return before
}

// render writes the page. It loads nothing from anywhere.
func (p *page) render(m *Manifest) ([]byte, error) {
	t, err := template.ParseFS(pageFiles, "page.html")
	if err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{"Manifest": m, "Items": p.items, "More": p.More, "Created": m.Created.Format("2006-01-02 15:04 UTC")})
	if err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}
