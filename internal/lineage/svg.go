package lineage

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// maxDrawn bounds the nodes of a drawing.
const maxDrawn = 2000

// ErrTooLarge says that a graph has too many nodes to be drawn.
var ErrTooLarge = errors.New("more nodes than a drawing shows")

// The measures of a drawing, in pixels.
const (
	boxWidth, boxHeight = 280, 54
	gapX, gapY          = 70, 18
	margin              = 24
	shownName           = 36 // characters of a line in a box
)

// box is a node in the drawing.
type box struct {
	id, title, first, second, class string
	rank, row                       int
}

func (n *box) x() int { return margin + n.rank*(boxWidth+gapX) }
func (n *box) y() int { return margin + n.row*(boxHeight+gapY) }

// dashes are the lines of edges that are no flow of bytes.
var dashes = map[string]string{EdgeAbout: ` stroke-dasharray="3 3"`, EdgeRests: ` stroke-dasharray="3 3"`, EdgePart: ` stroke-dasharray="1 4"`}

// look is how a box is drawn, as attributes.
func (n *box) look() string {
	fill, line := "#fff", `stroke="#345" stroke-width="1.5"`
	if strings.HasPrefix(n.class, "step") {
		fill = "#eef3fa"
	}
	if strings.HasSuffix(n.class, "bad") {
		line = `stroke="#b00020" stroke-width="2" stroke-dasharray="6 3"`
	}
	return fmt.Sprintf(` fill="%s" %s`, fill, line)
}

// SVG draws a graph from left to right (SVG 1.1), with a title, a description and a title for each node for those who do not see
// it, and without scripts, references or
// styles, so that it needs no leave of a content security policy. What is not verified or missing is told in words as well as by its line. The same graph
// gives the same bytes. Its error matches ErrTooLarge where there are too many nodes.
func (g *Graph) SVG(out io.Writer) error {
	if len(g.Artefacts)+len(g.Steps) > maxDrawn {
		return fmt.Errorf("%w: %d, more than %d", ErrTooLarge, len(g.Artefacts)+len(g.Steps), maxDrawn)
	}
	boxes := g.boxes()
	byID := map[string]*box{}
	width, height := 2*margin, 2*margin
	for _, n := range boxes {
		byID[n.id] = n
		width, height = max(width, n.x()+boxWidth+margin), max(height, n.y()+boxHeight+margin)
	}
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="13" role="img" aria-labelledby="t d">
<title id="t">Lineage of %d artefacts by %d statements</title>
<desc id="d">%s</desc>
<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#567"/></marker></defs>
`, width, height, width, height, len(g.Artefacts), len(g.Steps), g.describe())
	for _, e := range g.Edges {
		from, to := byID[e.From], byID[e.To]
		if from.rank > to.rank && e.Kind == EdgePart {
			from, to = to, from
		}
		label := e.Kind
		if e.Role != "" {
			label = strings.TrimSuffix(e.Role+", "+string(e.Grade), ", ")
		}
		fmt.Fprintf(w, "<path class=%q d=%q fill=\"none\" stroke=\"#567\" stroke-width=\"1.2\"%s marker-end=\"url(#a)\"><title>%s</title></path>\n", e.Kind, curve(from, to), dashes[e.Kind], attribute(from.title+" → "+to.title+" ("+label+")"))
	}
	for _, n := range boxes {
		fmt.Fprintf(w, "<g class=%q transform=\"translate(%d %d)\"><title>%s</title><rect width=\"%d\" height=\"%d\" rx=\"6\"%s/><text x=\"10\" y=\"22\">%s</text><text font-size=\"11\" x=\"10\" y=\"42\">%s</text></g>\n",
			n.class, n.x(), n.y(), attribute(n.title), boxWidth, boxHeight, n.look(), attribute(cut(n.first)), attribute(cut(n.second)))
	}
	fmt.Fprintln(w, "</svg>")
	return w.Flush()
}

// describe tells in words what the drawing marks.
func (g *Graph) describe() string {
	if len(g.Problems) == 0 {
		return "Every statement is verified and every link is there."
	}
	return fmt.Sprintf("%d problems: statements that are not verified, links that are missing, or the like. Each box says so in its title.", len(g.Problems))
}

// curve leads from the right of a box to the left of another one, around where that lies behind.
func curve(from, to *box) string {
	x1, y1, x2, y2 := from.x()+boxWidth, from.y()+boxHeight/2, to.x(), to.y()+boxHeight/2
	bend := max(gapX/2, (x2-x1)/2)
	if x2 <= x1 {
		bend = gapX
	}
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
}

// boxes are all nodes with their places: columns by rank, in each column in the order of what they come from.
func (g *Graph) boxes() []*box {
	rank := g.ranks()
	var all []*box
	for i := range g.Artefacts {
		a := &g.Artefacts[i]
		n := &box{id: a.ID, title: a.line(), first: a.name(), second: short(a.ID) + flags(map[string]bool{"missing": a.Missing, "fork": a.Forked, "cycle": a.Cycle}), class: "artefact", rank: rank[a.ID]}
		if a.Missing || a.Forked || a.Cycle {
			n.class += " bad"
		}
		all = append(all, n)
	}
	for i := range g.Steps {
		s := &g.Steps[i]
		n := &box{id: s.ID, title: s.line(), first: s.Kind, second: s.Summary, class: "step", rank: rank[s.ID]}
		if !s.Verified || s.Problem != "" || s.Cycle {
			n.class += " bad"
			n.first += flags(map[string]bool{"NOT VERIFIED": !s.Verified, "UNREADABLE": s.Problem != ""})
		}
		if s.Absent {
			n.first, n.second = "statement that is not here", short(s.ID)
		}
		all = append(all, n)
	}
	place(all, g.Edges)
	return all
}

// place gives every box its row.
func place(all []*box, edges []Edge) {
	slices.SortStableFunc(all, func(a, b *box) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.id, b.id)) })
	byID, from := map[string]*box{}, map[string][]*box{}
	for _, n := range all {
		byID[n.id] = n
	}
	for _, e := range edges {
		if byID[e.From].rank < byID[e.To].rank {
			from[e.To] = append(from[e.To], byID[e.From])
		}
	}
	for start := 0; start < len(all); {
		end := start
		for end < len(all) && all[end].rank == all[start].rank {
			end++
		}
		column := all[start:end]
		slices.SortStableFunc(column, func(a, b *box) int {
			return cmp.Or(cmp.Compare(weight(from[a.id]), weight(from[b.id])), cmp.Compare(a.id, b.id))
		})
		for i, n := range column {
			n.row = i
		}
		start = end
	}
}

// weight is the mean row of boxes, in thousandths.
func weight(all []*box) int {
	if len(all) == 0 {
		return 0
	}
	sum := 0
	for _, n := range all {
		sum += n.row * 1000
	}
	return sum / len(all)
}

func cut(s string) string {
	r := []rune(s)
	if len(r) > shownName {
		return string(r[:shownName-1]) + "…"
	}
	return s
}

// attribute makes text fit for XML, as content and in quotes.
func attribute(s string) string { return html.EscapeString(printable(s)) }
