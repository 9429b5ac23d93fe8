package lineage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Graph is what a set of statements says about how artefacts came from one another. It is a function of the set: the order of the
// statements, and how often one is given, do not matter.
type Graph struct {
	SchemaVersion int        `json:"schema_version"`
	Artefacts     []Artefact `json:"artefacts"` // ascending by id
	Steps         []Step     `json:"steps"`     // ascending by id
	Edges         []Edge     `json:"edges"`     // ascending by from, to, kind, role
	Problems      []Problem  `json:"problems"`  // ascending by rule, id
}

// Artefact is a file, a folder, or something that is known by name alone.
type Artefact struct {
	ID      string   `json:"id"`    // sha256:…, tree:… (Merkle root over a folder's files), another digest, or name:…
	Names   []string `json:"names"` // ascending
	Files   int      `json:"files"` // 0 where only a name or the digest of a folder is known
	Roles   []string `json:"roles,omitzero"`
	Missing bool     `json:"missing,omitzero"` // something was made of it, and no statement speaks of it
	Forked  bool     `json:"forked,omitzero"`  // more than one statement says that it made it; what is imported does not count
	Cycle   bool     `json:"cycle,omitzero"`   // it was made of itself

	digests map[string]bool // sha256 of its files
}

// Step is a statement.
type Step struct {
	ID       string    `json:"id"` // statement: and the SHA-256 of its payload
	Kind     string    `json:"kind"`
	Summary  string    `json:"summary,omitzero"`
	At       time.Time `json:"at,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
	Verified bool      `json:"verified"`
	SignedBy []string  `json:"signed_by,omitzero"`
	Paths    []string  `json:"paths,omitzero"`
	Problem  string    `json:"problem,omitzero"`
	Absent   bool      `json:"absent,omitzero"`   // another statement names it, and it is not here
	Imported bool      `json:"imported,omitzero"` // it repeats what another tool wrote
	Cycle    bool      `json:"cycle,omitzero"`
}

// The kinds of edges.
const (
	EdgeIn    = "in"    // an artefact went into a step
	EdgeOut   = "out"   // an artefact came out of a step
	EdgeAbout = "about" // a step speaks of an artefact
	EdgePart  = "part"  // all files of an artefact are in another one
	EdgeRests = "rests" // a step rests on what another one says
)

// Edge connects two ids.
type Edge struct {
	From  string       `json:"from"`
	To    string       `json:"to"`
	Kind  string       `json:"kind"`
	Role  string       `json:"role,omitzero"`
	Grade attest.Grade `json:"grade,omitzero"`
}

// Problem is something that keeps the lineage from being whole.
type Problem struct {
	Rule    string `json:"rule"` // unverified, malformed, absent, missing, fork, cycle, expired, failed, changed-input
	ID      string `json:"id"`   // of the artefact or the step
	Message string `json:"message"`
}

// Build puts statements together. now decides what has expired; the zero time leaves that out.
func Build(statements []Statement, now time.Time) *Graph {
	b := builder{artefacts: map[string]*Artefact{}, steps: map[string]*Step{}, edges: map[Edge]bool{}, same: map[string]string{}}
	all := unique(statements)
	for i := range all {
		b.learn(&all[i])
	}
	for i := range all {
		b.add(&all[i])
	}
	b.parts()
	b.judge(now)
	return b.graph()
}

// unique merges statements with the same payload.
func unique(all []Statement) []Statement {
	byDigest := map[string]*Statement{}
	for i := range all {
		s := all[i]
		if have := byDigest[s.Digest]; have != nil {
			have.SignedBy, have.Paths = slices.Concat(have.SignedBy, s.SignedBy), slices.Concat(have.Paths, s.Paths)
			continue
		}
		byDigest[s.Digest] = &s
	}
	var out []Statement
	for _, digest := range slices.Sorted(maps.Keys(byDigest)) {
		s := byDigest[digest]
		s.SignedBy, s.Paths = sortedSet(s.SignedBy), sortedSet(s.Paths)
		s.Kind, s.Problem = valid(s.Kind), valid(s.Problem)
		out = append(out, *s)
	}
	return out
}

// valid is a text that JSON can hold: paths may be any bytes.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func sortedSet(all []string) []string {
	all = slices.Clone(all)
	for i := range all {
		all[i] = valid(all[i])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

type builder struct {
	artefacts map[string]*Artefact
	steps     map[string]*Step
	edges     map[Edge]bool
	problems  []Problem
	same      map[string]string // id by a weak digest → id by a strong one, where a statement gives both
}

// learn notes which weak digest, such as the MD5 of other tools, is that of which artefact. Where statements disagree, the smallest
// id stands.
func (b *builder) learn(s *Statement) {
	if s.Predicate == nil {
		return
	}
	all := attest.Inputs(s.Predicate)
	if made := attest.Outputs(s.Predicate); made != nil {
		for i := range *made {
			all = append(all, attest.Input{Material: &(*made)[i]})
		}
	}
	for _, in := range all {
		id := identity(in.Material.Name, in.Material.Digest, in.Material.Files)
		if !strings.HasPrefix(id, "sha256:") && !strings.HasPrefix(id, "tree:") {
			continue
		}
		for algorithm, digest := range in.Material.Digest {
			if algorithm == "sha256" || algorithm == "rfc6962-sha256" || algorithm == "dirHash" {
				continue
			}
			weak := algorithm + ":" + digest
			if have, known := b.same[weak]; !known || id < have {
				b.same[weak] = id
			}
		}
	}
}

func stepID(digest string) string { return "statement:" + digest }

func (b *builder) add(s *Statement) {
	step := b.step(s.Digest)
	*step = Step{ID: step.ID, Kind: s.Kind, At: s.at(), Verified: len(s.SignedBy) > 0, SignedBy: s.SignedBy, Paths: s.Paths, Problem: s.Problem}
	if s.Predicate != nil {
		step.Summary = valid(attest.Describe(s.Predicate))
	}
	if s.Predicate != nil {
		if o := attest.OriginOf(s.Predicate); o != nil {
			step.Imported = o.Imported != nil
		}
	}
	if x, ok := s.Predicate.(attest.Expiring); ok {
		step.Expires = x.Expiry()
	}
	if s.Predicate == nil {
		if len(s.Subjects) > 0 {
			b.edge(Edge{From: b.subjects(s.Subjects), To: step.ID, Kind: EdgeAbout})
		}
		return
	}
	b.inputs(step, s.Predicate)
	b.outputs(step, s)
	if t, ok := s.Predicate.(*attest.Training); ok {
		b.training(step, t)
	}
	if v, ok := s.Predicate.(*attest.GateVerdict); ok {
		for _, c := range slices.Concat(v.Consumed, v.Waivers) {
			b.edge(Edge{From: b.step(c.SHA256).ID, To: step.ID, Kind: EdgeRests})
		}
	}
}

// step is the step of a statement, which may not have come yet.
func (b *builder) step(digest string) *Step {
	id := stepID(digest)
	if b.steps[id] == nil {
		b.steps[id] = &Step{ID: id, Kind: "statement", Absent: true}
	}
	return b.steps[id]
}

func (b *builder) inputs(step *Step, p attest.Predicate) {
	for _, in := range attest.Inputs(p) {
		if in.Role == "looked at" && strings.HasSuffix(in.Material.Name, ".intoto.jsonl") && in.Material.Digest["sha256"] != "" {
			b.edge(Edge{From: b.step(in.Material.Digest["sha256"]).ID, To: step.ID, Kind: EdgeRests, Role: in.Role})
			continue
		}
		id := b.material(in.Material, in.Role)
		b.edge(Edge{From: id, To: step.ID, Kind: EdgeIn, Role: in.Role, Grade: in.Material.Grade})
	}
}

func (b *builder) outputs(step *Step, s *Statement) {
	made := attest.Outputs(s.Predicate)
	if made == nil || len(*made) == 0 {
		files := s.Subjects
		if d, ok := s.Predicate.(*attest.DatasetAudit); ok {
			b.edge(Edge{From: b.artefact(d.Dataset, "", nil, d.Files), To: step.ID, Kind: EdgeAbout})
			return
		}
		if made == nil {
			b.edge(Edge{From: b.subjects(files), To: step.ID, Kind: EdgeAbout})
		}
		return
	}
	for i := range *made {
		b.edge(Edge{From: step.ID, To: b.material(&(*made)[i], ""), Kind: EdgeOut, Grade: (*made)[i].Grade})
	}
}

func (b *builder) training(step *Step, t *attest.Training) {
	if t.Result == attest.Failed {
		b.problem("failed", step.ID, "the training failed")
	}
	if len(t.Changed) > 0 {
		b.problem("changed-input", step.ID, "inputs changed while the training ran")
	}
}

func (b *builder) edge(e Edge) { b.edges[e] = true }

func (b *builder) problem(rule, id, message string) {
	b.problems = append(b.problems, Problem{rule, id, message})
}

func (b *builder) material(m *attest.Material, role string) string {
	return b.artefact(m.Name, role, m.Digest, m.Files)
}

// subjects is the artefact that all subjects of a statement make.
func (b *builder) subjects(all []attest.Resource) string {
	if len(all) == 1 {
		return b.artefact(all[0].Name, "", all[0].Digest, nil)
	}
	var files []attest.File
	for _, s := range all {
		files = append(files, attest.File{Path: s.Name, SHA256: s.Digest["sha256"]})
	}
	if _, err := attest.NewTree(files); err != nil {
		return b.artefact(all[0].Name, "", all[0].Digest, nil) // digests of other algorithms: the first stands for all
	}
	return b.artefact("", "", nil, files)
}

// artefact finds or makes an artefact. One file is known by its digest wherever it lies; several are known by the Merkle root over
// their paths and digests, which is the same in every statement about them.
func (b *builder) artefact(name, role string, digest map[string]string, files []attest.File) string {
	name = valid(name)
	id := identity(name, digest, files)
	if strong, known := b.same[id]; known {
		id = strong
	}
	a := b.artefacts[id]
	if a == nil {
		a = &Artefact{ID: id, digests: map[string]bool{}}
		b.artefacts[id] = a
	}
	if name != "" && !slices.Contains(a.Names, name) {
		a.Names = append(a.Names, name)
	}
	if role != "" && !slices.Contains(a.Roles, role) {
		a.Roles = append(a.Roles, role)
	}
	for _, f := range files {
		a.digests[f.SHA256] = true
	}
	if d := digest["sha256"]; d != "" && len(files) == 0 {
		a.digests[d] = true
	}
	a.Files = max(a.Files, len(files))
	if a.Files == 0 && digest["sha256"] != "" {
		a.Files = 1
	}
	return id
}

func identity(name string, digest map[string]string, files []attest.File) string {
	switch {
	case len(files) == 1:
		return "sha256:" + files[0].SHA256
	case len(files) > 1:
		tree, err := attest.NewTree(files)
		if err == nil {
			return "tree:" + tree.Root
		}
	case digest["sha256"] != "":
		return "sha256:" + digest["sha256"]
	case digest["rfc6962-sha256"] != "":
		return "tree:" + digest["rfc6962-sha256"]
	}
	for _, algorithm := range slices.Sorted(maps.Keys(digest)) {
		return algorithm + ":" + digest[algorithm]
	}
	return "name:" + name
}

// parts connects artefacts of which one holds all files of the other.
func (b *builder) parts() {
	holders := map[string][]string{} // by file, ids ascending
	for _, id := range slices.Sorted(maps.Keys(b.artefacts)) {
		for d := range b.artefacts[id].digests {
			holders[d] = append(holders[d], id)
		}
	}
	for id, a := range b.artefacts {
		shared := map[string]int{}
		for d := range a.digests {
			for _, other := range holders[d] {
				if other != id {
					shared[other]++
				}
			}
		}
		for other, n := range shared {
			if n == len(a.digests) && len(b.artefacts[other].digests) > n {
				b.edge(Edge{From: id, To: other, Kind: EdgePart})
			}
		}
	}
}

// graph writes down what was found, in order.
func (b *builder) graph() *Graph {
	g := &Graph{SchemaVersion: 1, Artefacts: []Artefact{}, Steps: []Step{}, Edges: slices.Collect(maps.Keys(b.edges)), Problems: b.problems}
	for _, id := range slices.Sorted(maps.Keys(b.artefacts)) {
		a := b.artefacts[id]
		slices.Sort(a.Names)
		slices.Sort(a.Roles)
		g.Artefacts = append(g.Artefacts, *a)
	}
	for _, id := range slices.Sorted(maps.Keys(b.steps)) {
		g.Steps = append(g.Steps, *b.steps[id])
	}
	slices.SortFunc(g.Edges, func(x, y Edge) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Role, y.Role), cmp.Compare(x.Grade, y.Grade))
	})
	slices.SortFunc(g.Problems, func(x, y Problem) int {
		return cmp.Or(cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Message, y.Message))
	})
	return g
}
