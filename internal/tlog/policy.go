package tlog

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Policy says which logs are trusted and how many witnesses must have seen a checkpoint (C2SP tlog-policy).
type Policy struct {
	Logs      []Party
	Witnesses []Party
	quorum    node // nil: none
	none      bool // the policy says that no witness is needed
}

// Party is a log or a witness of a policy.
type Party struct {
	Name string // of a witness in the policy; the key's name for a log
	Key  *Key
	URL  string // "" where the policy gives none
}

// node is a witness or a group.
type node interface {
	satisfied(by map[string]bool) bool // by: keys that have signed, as strings
}

type witnessNode struct{ key string }

func (w witnessNode) satisfied(by map[string]bool) bool { return by[w.key] }

type groupNode struct {
	least   int
	members []node
}

func (g groupNode) satisfied(by map[string]bool) bool {
	n := 0
	for _, m := range g.members {
		if m.satisfied(by) {
			n++
		}
	}
	return n >= g.least
}

const (
	// MaxPolicy is the length of the longest policy that is read.
	MaxPolicy      = 1 << 20
	maxPolicyLines = 4096
	maxPolicyDepth = 64
)

// policyParser holds what has been read of a policy.
type policyParser struct {
	p     Policy
	names map[string]node
	depth map[string]int
	keys  map[string]bool // public keys seen, of logs and of witnesses
	ended bool            // there was a quorum
}

// ParsePolicy reads a policy file. Names must be defined above their use, no name, key or member may stand twice, a group's
// threshold lies between 1 and its number of members, and there is exactly one quorum. Errors name the line.
func ParsePolicy(b []byte) (*Policy, error) {
	if len(b) > MaxPolicy || bytes.Count(b, []byte("\n")) > maxPolicyLines {
		return nil, errors.New("policy is too long")
	}
	if bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0xFFFD }) {
		return nil, errors.New("policy has control characters or is not UTF-8")
	}
	pp := policyParser{names: map[string]node{}, depth: map[string]int{}, keys: map[string]bool{}}
	for i, line := range strings.Split(string(b), "\n") {
		if err := pp.line(line); err != nil {
			return nil, fmt.Errorf("policy line %d: %w", i+1, err)
		}
	}
	if !pp.ended {
		return nil, errors.New("policy has no quorum line")
	}
	return &pp.p, nil
}

func (pp *policyParser) line(line string) error {
	line = strings.Trim(line, " \t")
	if line == "" || line[0] == '#' {
		return nil
	}
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	switch words[0] {
	case "log":
		return pp.log(words[1:])
	case "witness":
		return pp.witness(words[1:])
	case "group":
		return pp.group(words[1:])
	case "quorum":
		return pp.quorum(words[1:])
	}
	return errors.New("want log, witness, group or quorum")
}

func (pp *policyParser) log(words []string) error {
	if len(words) == 0 || len(words) > 2 {
		return errors.New("want: log VKEY [URL]")
	}
	k, err := pp.key(words[0])
	if err != nil {
		return err
	}
	if k.Algorithm == CosignatureV1 {
		return errors.New("a log does not sign with a cosignature/v1 key")
	}
	party, err := withURL(Party{Name: k.Name, Key: k}, words[1:])
	pp.p.Logs = append(pp.p.Logs, party)
	return err
}

func (pp *policyParser) witness(words []string) error {
	if len(words) < 2 || len(words) > 3 {
		return errors.New("want: witness NAME VKEY [URL]")
	}
	k, err := pp.key(words[1])
	if err != nil {
		return err
	}
	if k.Algorithm == Ed25519 {
		return errors.New("a witness signs with a cosignature/v1 or ML-DSA-44 key")
	}
	if err := pp.define(words[0], witnessNode{k.String()}, 1); err != nil {
		return err
	}
	party, err := withURL(Party{Name: words[0], Key: k}, words[2:])
	pp.p.Witnesses = append(pp.p.Witnesses, party)
	return err
}

// key reads a verifier key that no line before has, not even under another name.
func (pp *policyParser) key(vkey string) (*Key, error) {
	k, err := ParseKey(vkey)
	if err != nil {
		return nil, err
	}
	if pp.keys[string(k.Public)] {
		return nil, errors.New("this public key stands in the policy already")
	}
	pp.keys[string(k.Public)] = true
	return k, nil
}

func withURL(p Party, words []string) (Party, error) {
	if len(words) == 0 {
		return p, nil
	}
	u, err := url.Parse(words[0])
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return p, errors.New("not an http or https URL")
	}
	p.URL = words[0]
	return p, nil
}

func (pp *policyParser) define(name string, n node, depth int) error {
	if name == "none" {
		return errors.New("the name none means that no witness is needed")
	}
	if pp.names[name] != nil {
		return fmt.Errorf("the name %q is defined already", name)
	}
	if depth > maxPolicyDepth {
		return errors.New("groups lie too deep in each other")
	}
	pp.names[name], pp.depth[name] = n, depth
	return nil
}

func (pp *policyParser) group(words []string) error {
	if len(words) < 3 {
		return errors.New("want: group NAME all|any|K MEMBER…")
	}
	g, depth, seen := groupNode{}, 0, map[string]bool{}
	for _, name := range words[2:] {
		m := pp.names[name]
		if m == nil {
			return fmt.Errorf("%q is not defined above", name)
		}
		if seen[name] {
			return fmt.Errorf("%q is a member twice", name)
		}
		seen[name] = true
		g.members, depth = append(g.members, m), max(depth, pp.depth[name])
	}
	switch words[1] {
	case "all":
		g.least = len(g.members)
	case "any":
		g.least = 1
	default:
		k, err := strconv.Atoi(words[1])
		if err != nil || k < 1 || k > len(g.members) || strconv.Itoa(k) != words[1] {
			return fmt.Errorf("the threshold must be all, any or a number from 1 to %d", len(g.members))
		}
		g.least = k
	}
	return pp.define(words[0], g, depth+1)
}

func (pp *policyParser) quorum(words []string) error {
	if len(words) != 1 {
		return errors.New("want: quorum NAME|none")
	}
	if pp.ended {
		return errors.New("there is a quorum already")
	}
	pp.ended = true
	if words[0] == "none" {
		pp.p.none = true
		return nil
	}
	if pp.p.quorum = pp.names[words[0]]; pp.p.quorum == nil {
		return fmt.Errorf("%q is not defined above", words[0])
	}
	return nil
}

// NeedsWitnesses reports whether the quorum is anything but none.
func (p *Policy) NeedsWitnesses() bool { return !p.none }

var (
	// ErrUnknownLog says that the policy trusts no log of the checkpoint's origin.
	ErrUnknownLog = errors.New("the policy trusts no log of this origin")
	// ErrQuorum says that too few witnesses have cosigned.
	ErrQuorum = errors.New("too few witnesses have cosigned the checkpoint")
)

// Verify checks a checkpoint: a trusted log of its origin has signed it, no known signature is wrong, and the quorum is
// reached. It returns the good signatures.
func (p *Policy) Verify(c *SignedCheckpoint) ([]Signed, error) {
	var logs []*Key
	for i := range p.Logs {
		if p.Logs[i].Key.Name == c.Origin {
			logs = append(logs, p.Logs[i].Key)
		}
	}
	if len(logs) == 0 {
		return nil, ErrUnknownLog
	}
	signed, err := c.Verify(logs...)
	if err != nil {
		return nil, err
	}
	if len(signed) == 0 {
		return nil, fmt.Errorf("%w: there is none of the log %s", ErrSignature, c.Origin)
	}
	cosigned, err := p.Cosigned(c)
	if err != nil {
		return nil, err
	}
	return append(signed, cosigned...), nil
}

// Cosigned checks the quorum alone and returns the cosignatures of the policy's witnesses. It returns ErrQuorum, with the
// cosignatures that there are, where it is not reached.
func (p *Policy) Cosigned(c *SignedCheckpoint) ([]Signed, error) {
	keys := make([]*Key, len(p.Witnesses))
	for i := range p.Witnesses {
		keys[i] = p.Witnesses[i].Key
	}
	signed, err := c.Verify(keys...)
	if err != nil {
		return nil, err
	}
	by := map[string]bool{}
	for i := range signed {
		by[signed[i].Key.String()] = signed[i].Time != 0
	}
	if !p.none && (p.quorum == nil || !p.quorum.satisfied(by)) {
		return signed, ErrQuorum
	}
	return signed, nil
}
