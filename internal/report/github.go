package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/reeve-ai/reeve"
)

// github writes workflow commands, which GitHub Actions shows beside the lines of a change.
type github struct{ w io.Writer }

var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func (g *github) Finding(f *reeve.Finding) error {
	file, _ := outer(f.Path)
	at := ""
	if f.Line > 0 {
		at = fmt.Sprintf(",line=%d", f.Line)
	}
	text := sentence(f)
	if place := logical(f); place != "" {
		text += " (" + place + ")"
	}
	_, err := fmt.Fprintf(g.w, "::%s file=%s%s,title=%s::%s\n", command(f.Severity), commandProperty.Replace(file), at,
		commandProperty.Replace(f.Rule), commandData.Replace(text))
	return err
}

func (g *github) Close(s *Summary) error {
	for _, skip := range s.NotScanned {
		if _, err := fmt.Fprintf(g.w, "::error file=%s,title=not scanned::%s\n", commandProperty.Replace(skip.Path),
			commandData.Replace("not scanned: "+skip.Reason)); err != nil {
			return err
		}
	}
	return nil
}

func command(s reeve.Severity) string {
	switch {
	case s >= reeve.SeverityHigh:
		return "error"
	case s == reeve.SeverityMedium:
		return "warning"
	}
	return "notice"
}

// sentence is message and remedy in one.
func sentence(f *reeve.Finding) string {
	if f.Remedy == "" {
		return f.Message
	}
	return f.Message + " " + f.Remedy
}
