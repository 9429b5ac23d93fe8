package detect

import (
	"errors"
	"fmt"
)

type litState struct {
	pos     int
	state   uint32
	waiting bool
}
type automaton struct{ words map[string]int32 }

func (e *Engine) addLiterals(sets []LiteralSet) error {
	for _, l := range sets {
		if l.ID == "" {
			return errors.New("a literal set has no identifier")
		}
		e.rules = append(e.rules, Rule{ID: l.ID, Kind: KindLiteral})
	}
	return nil
}
func (s *scan) scanLiterals(a *automaton, l *litState)    {}
func (s *scan) literalHold(a *automaton, l *litState) int { return len(s.w.b) }

type program struct{}

func compilePattern(p Pattern, rule int32) (*program, error) { return nil, fmt.Errorf("not yet") }
func (s *scan) scanPattern(p *program, pos *int)             {}
