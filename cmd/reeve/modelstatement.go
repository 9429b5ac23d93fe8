package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/model"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

// modelStatement asks for a signed statement about the files that a model scan reads, and collects what it says.
type modelStatement struct {
	path, key, data string
	who             whoFlags

	root    string // that was scanned
	folder  bool
	by      attest.Who
	allowed string // sha256 of the file of what was reviewed
	signer  *attest.PrivateKey
	files   []attest.ScannedFile
	rules   map[string]int64
	unread  string // a file that has no digest
}

func (s *modelStatement) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.path, "statement", "", "append a signed statement about the files (in-toto in DSSE) to this file")
	f.StringVar(&s.key, "sign-key", "", "with --statement: private key that signs, as `reeve attest keygen` makes it")
	f.StringVar(&s.data, "data", "", "with --statement: data directory whose custody log gets the statement's digest")
	s.who.add(c)
}

// open refuses what would make a statement say more than was scanned, before anything is read.
func (s *modelStatement) open(ctx context.Context, paths []string, allow []byte) (err error) {
	const hint = "`reeve model scan --statement model/scan.intoto.jsonl --sign-key signing.key model/`"
	switch {
	case s.path == "" && s.key == "" && s.data == "":
		return nil
	case s.path == "" || s.key == "":
		return usage(hint, "--statement and --sign-key go together; --data needs both")
	case len(paths) != 1:
		return usage(hint, "a statement is about one folder or one file")
	}
	s.root, s.rules = paths[0], map[string]int64{}
	if info, err := os.Stat(s.root); err == nil {
		s.folder = info.IsDir()
	}
	if allow != nil {
		sum := sha256.Sum256(allow)
		s.allowed = hex.EncodeToString(sum[:])
	}
	if s.by, err = s.who.read(ctx); err != nil {
		return err
	}
	s.signer, err = readSigningKey(s.key)
	return err
}

// note takes a file into the statement.
func (s *modelStatement) note(r *model.Result) error {
	if s.signer == nil {
		return nil
	}
	name := filepath.Base(r.Path)
	if s.folder {
		rel, err := filepath.Rel(s.root, r.Path)
		if err != nil {
			return fmt.Errorf("name of %s: %w", r.Path, err)
		}
		if name = filepath.ToSlash(rel); sourcing.Beside(name) {
			return nil
		}
	}
	if r.SHA256 == "" {
		s.unread = r.Path
		return nil
	}
	f := attest.ScannedFile{File: attest.File{Path: name, SHA256: r.SHA256, Size: r.Size}, Format: r.Format, Verdict: r.Verdict.String()}
	for i := range r.Findings {
		rule := r.Findings[i].Rule
		s.rules[rule]++
		if !slices.Contains(f.Rules, rule) {
			f.Rules = append(f.Rules, rule)
		}
	}
	slices.Sort(f.Rules)
	s.files = append(s.files, f)
	return nil
}

// sign makes the statement when everything was scanned.
func (s *modelStatement) sign(ctx context.Context) error {
	switch {
	case s.signer == nil:
		return nil
	case s.unread != "":
		return &hinted{fmt.Errorf("no statement: %s has no digest", clean(s.unread)), "give the right to read it"}
	case len(s.files) == 0:
		return usage("give a folder with files in it", "%s holds no file", s.root)
	}
	p, subjects, err := s.predicate()
	if err != nil {
		return err
	}
	e, err := attest.SignPredicate(p, subjects, s.signer)
	if err != nil {
		return err
	}
	digest, err := appendStatement(s.path, e)
	if err != nil || s.data == "" {
		return err
	}
	details := map[string]string{"model_root": p.Model.Root, "verdict": p.Verdict, "files": strconv.Itoa(len(p.Files)), "payload": e.Digest()}
	for verdict, n := range p.Counts {
		details["files_"+verdict] = strconv.FormatInt(n, 10)
	}
	return tellStatement(ctx, s.data, "model.scan", digest, details, time.Now())
}

func (s *modelStatement) predicate() (*attest.ModelScan, []attest.Resource, error) {
	slices.SortFunc(s.files, func(a, b attest.ScannedFile) int { return strings.Compare(a.Path, b.Path) })
	p := &attest.ModelScan{
		Origin: origin(s.by, attest.Verified), Scanner: attest.Tool{Name: "reeve", Version: version().Version}, Allowed: s.allowed,
		Counts: map[string]int64{}, Rules: s.rules, Files: s.files, Verdict: model.Clean.String(),
	}
	worst := model.Clean
	var files []attest.File
	var subjects []attest.Resource
	for _, f := range s.files {
		p.Counts[f.Verdict]++
		var v model.Verdict
		if err := v.UnmarshalText([]byte(f.Verdict)); err != nil {
			return nil, nil, err
		}
		worst = max(worst, v)
		files = append(files, f.File)
		subjects = append(subjects, attest.Resource{Name: f.Path, Digest: map[string]string{"sha256": f.SHA256}})
	}
	p.Verdict = worst.String()
	tree, err := attest.NewTree(files)
	p.Model = tree
	return p, subjects, err
}
