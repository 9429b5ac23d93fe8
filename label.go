package reeve

import (
	"fmt"
	"slices"
	"strings"
)

// Level is the first half of a Label. Levels are totally ordered.
type Level uint8

const (
	Public Level = iota
	Internal
	Confidential
	Restricted
)

var levels = [...]string{"public", "internal", "confidential", "restricted"}

func (l Level) String() string { return levels[min(int(l), len(levels)-1)] }

// Label is (Level, set of categories), a point in a lattice (Denning, "A lattice model of secure information flow",
// CACM 19(5), 1976). Categories are sorted and unique; use NewLabel, Join or ParseLabel to make one.
type Label struct {
	Level      Level
	Categories []string
}

// NewLabel sorts the categories and removes repeats.
func NewLabel(l Level, categories ...string) Label {
	c := slices.Clone(categories)
	slices.Sort(c)
	return Label{Level: l, Categories: slices.Compact(c)}
}

// Dominates reports whether a holder of l may see what is labelled m.
func (l Label) Dominates(m Label) bool {
	if l.Level < m.Level {
		return false
	}
	for _, c := range m.Categories {
		if _, found := slices.BinarySearch(l.Categories, c); !found {
			return false
		}
	}
	return true
}

// Join is the least label that dominates both.
func (l Label) Join(m Label) Label {
	if l.Dominates(m) {
		return l
	}
	if m.Dominates(l) {
		return m
	}
	return NewLabel(max(l.Level, m.Level), slices.Concat(l.Categories, m.Categories)...)
}

// Meet is the greatest label that both dominate.
func (l Label) Meet(m Label) Label {
	var both []string
	for _, c := range l.Categories {
		if _, found := slices.BinarySearch(m.Categories, c); found {
			both = append(both, c)
		}
	}
	return Label{Level: min(l.Level, m.Level), Categories: both}
}

// Equal reports whether two labels are the same point of the lattice.
func (l Label) Equal(m Label) bool {
	return l.Level == m.Level && slices.Equal(l.Categories, m.Categories)
}

// IsZero reports whether the label is public without categories, the bottom of the lattice.
func (l Label) IsZero() bool { return l.Level == Public && len(l.Categories) == 0 }

// String writes "confidential{PII,PHI}", or the bare level where there are no categories.
func (l Label) String() string {
	if len(l.Categories) == 0 {
		return l.Level.String()
	}
	return l.Level.String() + "{" + strings.Join(l.Categories, ",") + "}"
}

// ParseLabel reads what String writes.
func ParseLabel(s string) (Label, error) {
	name, rest, braced := strings.Cut(s, "{")
	i := slices.Index(levels[:], name)
	if i < 0 || braced && !strings.HasSuffix(rest, "}") {
		return Label{}, fmt.Errorf("label %q: want a level of %v and optional {CATEGORIES}", s, levels)
	}
	if !braced {
		return Label{Level: Level(i)}, nil
	}
	categories := strings.Split(strings.TrimSuffix(rest, "}"), ",")
	for _, c := range categories {
		if c == "" || strings.ContainsAny(c, "{} \t\n") {
			return Label{}, fmt.Errorf("label %q: category %q is empty or has a brace or space", s, c)
		}
	}
	return NewLabel(Level(i), categories...), nil
}

// MarshalText implements encoding.TextMarshaler.
func (l Label) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Label) UnmarshalText(b []byte) error {
	parsed, err := ParseLabel(string(b))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}
