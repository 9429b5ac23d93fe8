package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/gate"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/model"
	"github.com/reeve-ai/reeve/internal/oms"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

// maxBill bounds a bill of materials, in bytes.
const maxBill = 64 << 20

// gateRun is what one run of the gate looks at.
type gateRun struct {
	policy     *gate.Policy
	labels     *label.Policy
	scanner    *model.Scanner
	targets    []gateTarget
	ungoverned []string
}

// gateTarget is one model.
type gateTarget struct {
	name, path string
	evidence   []string
	data       []config.GateData // with absolute paths
}

// open reads configuration and policies and finds the targets.
func (f *gateFlags) open(c *cobra.Command, args []string) (*gateRun, error) {
	for _, dir := range f.evidence {
		if _, err := os.Stat(dir); err != nil {
			return nil, usage("name a folder or a file with statements", "--evidence: %w", err)
		}
	}
	cfg, err := loadConfig(f.config)
	if err != nil {
		return nil, err
	}
	path := f.policy
	if configured := orString(cfg.Gate.Policy, cfg.Admission.Policy); path == "" && configured != "" {
		path = cfg.Path(configured)
	}
	g := &gateRun{}
	if g.policy, err = f.gatePolicy(path); err != nil {
		return nil, err
	}
	if g.labels, err = loadLabels(cfg.Path(cfg.Labels.Policy)); err != nil {
		return nil, &usageError{err, "docs/labels.md explains the file"}
	}
	o := model.Options{}
	if text := g.policy.Scan.Allow; text != nil {
		allow, err := model.ParseAllowFile("scan.allow", text)
		if err != nil {
			return nil, usage("docs/models.md shows such a file", "%w", err)
		}
		o = allow.Options(time.Now)
	}
	g.scanner = model.NewScanner(o)
	if len(args) == 1 {
		g.targets = []gateTarget{f.target(cfg, args[0])}
		return g, nil
	}
	return g, f.repository(c.Context(), g, cfg)
}

// target is the one that was named, with what the configuration knows about it.
func (f *gateFlags) target(cfg *config.Config, path string) gateTarget {
	t := gateTarget{name: f.name, path: path, evidence: f.evidence}
	for _, dir := range cfg.Gate.Evidence {
		t.evidence = append(t.evidence, cfg.Path(dir))
	}
	abs, err := filepath.Abs(path)
	if err == nil && t.name == "" {
		t.name = filepath.Base(abs)
	}
	for i := range cfg.Gate.Models {
		if m := &cfg.Gate.Models[i]; err == nil && filepath.Clean(cfg.Path(m.Path)) == abs {
			known := governed(cfg, m)
			t.data, t.evidence = known.data, append(t.evidence, known.evidence...)
			if f.name == "" {
				t.name = known.name
			}
		}
	}
	return t
}

func governed(cfg *config.Config, m *config.GateModel) gateTarget {
	t := gateTarget{name: m.Called(), path: filepath.Clean(cfg.Path(m.Path))}
	for _, dir := range m.Evidence {
		t.evidence = append(t.evidence, cfg.Path(dir))
	}
	for _, d := range m.Data {
		t.data = append(t.data, config.GateData{Name: d.Called(), Path: cfg.Path(d.Path)})
	}
	return t
}

// repository takes the models of the configuration and looks for weights that belong to none of them.
func (f *gateFlags) repository(ctx context.Context, g *gateRun, cfg *config.Config) error {
	root, err := filepath.Abs(filepath.Dir(orString(f.config, config.FileName)))
	if err != nil {
		return fmt.Errorf("search the repository: %w", err)
	}
	var paths []string
	for i := range cfg.Gate.Models {
		t := governed(cfg, &cfg.Gate.Models[i])
		t.evidence = append(t.evidence, f.evidence...)
		for _, dir := range cfg.Gate.Evidence {
			t.evidence = append(t.evidence, cfg.Path(dir))
		}
		g.targets, paths = append(g.targets, t), append(paths, t.path)
	}
	if g.ungoverned, err = gate.Search(ctx, root, paths, cfg.Gate.Exclude, g.policy); err != nil {
		return fmt.Errorf("search the repository: %w", err)
	}
	if len(g.targets)+len(g.ungoverned) == 0 {
		return usage("name a model, or list the models under gate.models in reeve.yaml", "there is nothing to look at: no TARGET, no gate.models, and no weights in the repository")
	}
	return nil
}

func orString(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// gather reads a target and checks what can be checked here: digests, scan, signature, bill of materials, data on the disk.
func (g *gateRun) gather(ctx context.Context, t gateTarget) (*gate.Evidence, error) {
	ev, err := gate.Gather(ctx, t.name, t.path, t.evidence...)
	if err != nil {
		return nil, err
	}
	ev.Facts = map[string]string{"reeve": version().Version}
	ev.Packs, ev.Handling = gate.Packs(g.labels.Digest()), g.labels.Handling
	if g.policy.Scan.Again {
		if err := g.scan(ctx, t.path, ev); err != nil {
			return nil, err
		}
	}
	if err := g.signature(ctx, t.path, ev); err != nil {
		return nil, err
	}
	if g.policy.Bill.Required {
		ev.Bill = billOf(t.path, ev)
	}
	ev.Licences = cards(t.path)
	for _, d := range t.data {
		now, err := sourcing.Hash(ctx, d.Path)
		if err != nil {
			return nil, err
		}
		tree, err := newTree(now)
		if err != nil {
			return nil, err
		}
		ev.DataSets = append(ev.DataSets, gate.DataSet{Name: d.Name, Tree: tree})
	}
	return ev, nil
}

// scan scans every file of the target.
func (g *gateRun) scan(ctx context.Context, path string, ev *gate.Evidence) error {
	root, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("open target: %w", err)
	}
	info, err := os.Stat(root)
	if err != nil {
		return fmt.Errorf("open target: %w", err)
	}
	single := filepath.Base(path)
	return g.scanner.Paths(ctx, []string{root}, runtime.GOMAXPROCS(0), func(r *model.Result) error {
		rel := single
		if info.IsDir() {
			if rel, err = filepath.Rel(root, r.Path); err != nil {
				return err
			}
		}
		s := gate.Scanned{SHA256: r.SHA256, Verdict: r.Verdict.String()}
		for _, f := range r.Findings {
			s.Rules = append(s.Rules, f.Rule)
		}
		ev.Scans[filepath.ToSlash(rel)] = s
		return nil
	})
}

// signature checks model.sig, where the policy names a key or an authority.
func (g *gateRun) signature(ctx context.Context, path string, ev *gate.Evidence) error {
	s := &g.policy.Signature
	if len(s.Keys)+len(s.Roots) == 0 {
		return nil
	}
	name := filepath.Join(path, "model.sig")
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		name = path + ".sig"
	}
	text, err := readBounded(name, 256<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read signature: %w", err)
	}
	trusts, err := trustsOf(s)
	if err != nil {
		return err
	}
	ev.Facts["model.sig"] = "sha256:" + digestOf(text)
	o := oms.VerifyOptions{Signature: name, AllowSymlinks: true, IgnorePaths: besides(path)}
	ev.Signature = &gate.Check{Reason: "no key or authority of the policy signed it"}
	for _, t := range trusts {
		v, err := oms.Verify(ctx, path, text, t, o)
		switch {
		case err == nil:
			ev.Signature = &gate.Check{OK: true}
			return nil
		case errors.Is(err, oms.ErrFiles) && v != nil:
			ev.Signature.Reason = fmt.Sprintf("the files are not those that were signed: %d changed, %d missing, %d not signed", len(v.Changed), len(v.Missing), len(v.Unsigned))
		case errors.Is(err, oms.ErrMalformed):
			ev.Signature.Reason = "it is malformed"
		case !errors.Is(err, oms.ErrSignature) && !errors.Is(err, oms.ErrMethod) && !errors.Is(err, oms.ErrFiles):
			return fmt.Errorf("check signature: %w", err)
		}
	}
	return nil
}

// trustsOf are the keys and the authorities of a policy.
func trustsOf(s *gate.Signature) ([]oms.Trust, error) {
	var out []oms.Trust
	for _, text := range s.Keys {
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, usage("give the key as PEM", "a key under signature.keys of the gate policy is none")
		}
		k, err := x509.ParsePKIXPublicKey(block.Bytes)
		ec, ok := k.(*ecdsa.PublicKey)
		if err != nil || !ok {
			return nil, usage("a key on P-256, P-384 or P-521", "a key under signature.keys of the gate policy is of another kind")
		}
		out = append(out, oms.Trust{Key: ec, Clock: time.Now})
	}
	if len(s.Roots) > 0 {
		pool := x509.NewCertPool()
		for _, text := range s.Roots {
			if !pool.AppendCertsFromPEM(text) {
				return nil, usage("give certificates as PEM", "a file under signature.roots of the gate policy holds no certificate")
			}
		}
		out = append(out, oms.Trust{Roots: pool, Clock: time.Now})
	}
	return out, nil
}

// besides are the files in a target that are about it and no part of it: a signature need not cover them.
func besides(path string) []string {
	var out []string
	//nolint:errcheck // what cannot be read was told when the files were gathered
	filepath.WalkDir(path, func(full string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if rel, err := filepath.Rel(path, full); err == nil && gate.Beside(rel) {
				out = append(out, filepath.ToSlash(rel))
			}
		}
		return nil
	})
	return out
}

// billOf looks for a bill of materials in or beside the target and asks whether it names every file by its digest.
func billOf(path string, ev *gate.Evidence) *gate.Check {
	var names []string
	for _, pattern := range []string{filepath.Join(path, "*.cdx.json"), filepath.Join(path, "bom.json"), path + ".cdx.json", filepath.Join(filepath.Dir(path), "bom.json")} {
		found, err := filepath.Glob(pattern)
		if err == nil {
			names = append(names, found...)
		}
	}
	if len(names) == 0 {
		return nil
	}
	named := map[string]bool{}
	for _, name := range names {
		text, err := readBounded(name, maxBill)
		if err != nil {
			return &gate.Check{Reason: "the bill of materials cannot be read: " + filepath.Base(name)}
		}
		var doc any
		if err := json.Unmarshal(text, &doc, jsontext.AllowDuplicateNames(false)); err != nil {
			return &gate.Check{Reason: "the bill of materials is no JSON: " + filepath.Base(name)}
		}
		digestsIn(doc, named, 0)
		ev.Facts[filepath.Base(name)] = "sha256:" + digestOf(text)
	}
	for i := range ev.Files {
		if f := &ev.Files[i]; f.Role != gate.Text && !named[f.SHA256] {
			return &gate.Check{Reason: "the bill of materials does not name the bytes of " + clean(f.Path)}
		}
	}
	return &gate.Check{OK: true}
}

// digestsIn collects the hashes of CycloneDX components: {"alg":"SHA-256","content":"…"}.
func digestsIn(v any, into map[string]bool, depth int) {
	switch v := v.(type) {
	case map[string]any:
		if content, ok := v["content"].(string); ok && v["alg"] == "SHA-256" {
			into[strings.ToLower(content)] = true
		}
		for _, child := range v {
			if depth < 64 {
				digestsIn(child, into, depth+1)
			}
		}
	case []any:
		for _, child := range v {
			if depth < 64 {
				digestsIn(child, into, depth+1)
			}
		}
	}
}

// cards are the licences that the card of a model names.
func cards(path string) []gate.Declared {
	text, err := readBounded(filepath.Join(path, "README.md"), 1<<20)
	if err != nil {
		return nil
	}
	card, err := sourcing.ReadCard("README.md", text)
	if err != nil || card.Licence == "" {
		return nil
	}
	return []gate.Declared{{Path: "README.md", Licence: card.Licence}}
}
