package custody

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// The files of a bundle; docs/custody-format.md says what is in them.
const (
	manifestFile = "manifest.json"
	recordsFile  = "records.jsonl"
	maxManifest  = 256 << 20
	maxLine      = 1 << 30
)

// manifest is what a verifier reads of manifest.json.
type manifest struct {
	SchemaVersion int     `json:"schema_version"`
	Kind          string  `json:"kind"`
	Origin        string  `json:"origin"`
	Size          uint64  `json:"size"`
	From          *uint64 `json:"from"`
	To            *uint64 `json:"to"`
	Records       int     `json:"records"`
	Files         []struct {
		Path   string `json:"path"`
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
}

// bundleLine is one line of records.jsonl.
type bundleLine struct {
	Seq           uint64  `json:"seq"`
	ID            string  `json:"id"`
	Kind          string  `json:"kind"`
	Leaf          []byte  `json:"leaf"`
	Hash          string  `json:"hash"`
	Salt          []byte  `json:"salt"`
	Erased        bool    `json:"erased"`
	Dropped       bool    `json:"dropped"`
	Input         *string `json:"input"`
	Output        *string `json:"output"`
	Payload       *string `json:"payload"`
	InputBase64   []byte  `json:"input_base64"`
	OutputBase64  []byte  `json:"output_base64"`
	PayloadBase64 []byte  `json:"payload_base64"`
}

// VerifyBundle checks a bundle without the log that it came from: every file against the manifest, every record against its
// proof, the proofs against the checkpoint, and texts against the commitments in the leaves. A bundle of a range must have
// every record of it; whether one about a subject has all of theirs, nobody can tell from outside.
func VerifyBundle(dir string, o VerifyOptions) (Report, error) {
	v := newVerifier(dir, o)
	b := bundleCheck{v: v, dir: dir, left: map[string]bool{}}
	if err := b.run(&o); err != nil {
		return v.r, fmt.Errorf("verify bundle: %w", err)
	}
	return v.result(), nil
}

type bundleCheck struct {
	v          *verifier
	dir        string
	m          manifest
	left       map[string]bool // files on the disk that nothing has asked for yet
	checkpoint *tlog.SignedCheckpoint
	raw        []byte
}

func (b *bundleCheck) run(o *VerifyOptions) error {
	if err := b.list(); err != nil {
		return err
	}
	raw, err := b.small(manifestFile, maxManifest)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &b.m); err != nil {
		b.v.problem(manifestFile, "cannot be read: %v", err)
		return nil
	}
	if b.m.SchemaVersion != 1 {
		return fmt.Errorf("format %d of bundles, this program knows 1: %w", b.m.SchemaVersion, ErrNewer)
	}
	if err := b.files(); err != nil {
		return err
	}
	if err := b.trust(o); err != nil || b.checkpoint == nil {
		return err
	}
	return b.records()
}

// list finds every file. A bundle holds no other kind of thing.
func (b *bundleCheck) list() error {
	return filepath.WalkDir(b.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(b.dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if !e.Type().IsRegular() {
			b.v.problem(rel, "this is no regular file")
			return nil
		}
		b.left[rel] = true
		return nil
	})
}

func (b *bundleCheck) small(name string, most int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(b.dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(raw)) > most {
		err = errors.New("file is too large")
	}
	return raw, err
}

// files compares each file with the manifest.
func (b *bundleCheck) files() error {
	delete(b.left, manifestFile)
	for _, f := range b.m.Files {
		if !b.left[f.Path] {
			b.v.problem(f.Path, "the file is missing, or is in the manifest twice")
			continue
		}
		delete(b.left, f.Path)
		sum, n, err := sumFile(filepath.Join(b.dir, filepath.FromSlash(f.Path)))
		if err != nil {
			return err
		}
		if n != f.Bytes || hex.EncodeToString(sum) != f.SHA256 {
			b.v.problem(f.Path, "the file is not the one in the manifest")
		}
	}
	for name := range b.left {
		b.v.problem(name, "this file does not belong to the bundle")
	}
	return nil
}

func sumFile(path string) ([]byte, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return h.Sum(nil), n, err
}

// trust reads the key and the checkpoint.
func (b *bundleCheck) trust(o *VerifyOptions) error {
	var beside []*tlog.Key
	if raw, err := b.small(logKeyFile, maxCheckpoint); err != nil {
		b.v.problem(logKeyFile, "the log's key is missing")
	} else if beside, err = ParseLogKeys(raw); err != nil {
		b.v.problem(logKeyFile, "the log's key is damaged")
	}
	t, err := trustFrom(o, beside)
	if err != nil {
		return err
	}
	b.v.told(t, beside)
	if b.raw, err = b.small(checkpointFile, maxCheckpoint); err != nil {
		b.v.problem(checkpointFile, "the checkpoint is missing")
		return nil
	}
	c, err := tlog.ParseCheckpoint(b.raw)
	if err != nil {
		b.v.problem(checkpointFile, "%v", err)
		return nil
	}
	if b.v.r.Cosigned, err = t.check(c); err != nil {
		b.v.problem(checkpointFile, "%v", err)
		return nil
	}
	b.v.unchecked(checkpointFile, t, c)
	b.v.covered(c)
	if c.Origin != b.m.Origin || c.Size != b.m.Size {
		b.v.problem(manifestFile, "the manifest names another checkpoint")
	}
	b.checkpoint = c
	return nil
}

// records checks every line.
func (b *bundleCheck) records() error {
	f, err := os.Open(filepath.Join(b.dir, recordsFile))
	if errors.Is(err, fs.ErrNotExist) {
		b.v.problem(recordsFile, "the records are missing")
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), maxLine)
	n, next := 0, uint64(0)
	for ; lines.Scan(); n++ {
		var r bundleLine
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			b.v.problem(recordsFile, "line %d cannot be read", n+1)
			continue
		}
		if n > 0 && r.Seq < next {
			b.v.problemAt(recordsFile, r.Seq, "line %d is out of order", n+1)
		}
		if b.m.From != nil && b.m.To != nil && (r.Seq != *b.m.From+uint64(n) || r.Seq >= *b.m.To) {
			b.v.problemAt(recordsFile, *b.m.From+uint64(n), "the record is missing, or one too many is there")
			return nil
		}
		next = r.Seq + 1
		if err := b.record(&r); err != nil {
			b.v.problemAt(recordsFile, r.Seq, "%v", err)
			continue
		}
		b.v.r.Leaves++
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if n != b.m.Records || b.m.From != nil && b.m.To != nil && uint64(n) != *b.m.To-*b.m.From {
		b.v.problem(recordsFile, "there are %d records, the manifest says otherwise", n)
	}
	return nil
}

// record checks one record: leaf, proof, texts.
func (b *bundleCheck) record(r *bundleLine) error {
	if err := checkAlone(r.Leaf, r.Seq); err != nil {
		return err
	}
	info, err := parseLeaf(r.Leaf)
	if err != nil {
		return err
	}
	hash := tlog.LeafHash(r.Leaf)
	if string(info.ulid) != r.ID || string(info.kind) != r.Kind || hex.EncodeToString(hash[:]) != r.Hash {
		return errors.New("the line says something else than the leaf in it")
	}
	raw, err := b.small(fmt.Sprintf("proofs/%d.tlog-proof", r.Seq), tlog.MaxProofFile)
	if err != nil {
		return errors.New("the proof is missing")
	}
	p, err := tlog.ParseProof(raw)
	if err != nil {
		return fmt.Errorf("the proof cannot be read: %w", err)
	}
	if !bytes.Equal(p.Checkpoint.Marshal(), b.raw) {
		return errors.New("the proof has another checkpoint than the bundle")
	}
	if !bytes.Equal(p.Extra, r.Leaf) {
		return errors.New("the proof is of another leaf")
	}
	if err := checkProof(p, r.Seq); err != nil {
		return err
	}
	return r.texts()
}

// texts holds the texts against the commitments in the leaf: HMAC-SHA-256 under the record's salt. Where a text was cut the leaf
// says so, and the commitment is to all of it.
func (r *bundleLine) texts() error {
	var leaf struct {
		Prompt   string `json:"c_prompt"`
		Response string `json:"c_response"`
		Payload  string `json:"c_payload"`
		Cut      bool   `json:"cut"`
	}
	if err := json.Unmarshal(r.Leaf, &leaf); err != nil {
		return err
	}
	for _, t := range []struct {
		name, commitment string
		text             *string
		raw              []byte
	}{
		{"input", leaf.Prompt, r.Input, r.InputBase64},
		{"output", leaf.Response, r.Output, r.OutputBase64},
		{"payload", leaf.Payload, r.Payload, r.PayloadBase64},
	} {
		has := t.text != nil || t.raw != nil
		if !has {
			if r.Salt != nil && t.commitment != "" && !r.Erased && !r.Dropped {
				return fmt.Errorf("the %s is missing", t.name)
			}
			continue
		}
		if t.text != nil && t.raw != nil || t.commitment == "" || len(r.Salt) != saltSize {
			return fmt.Errorf("there is an %s that the leaf does not know, or no salt", t.name)
		}
		if t.text != nil {
			t.raw = []byte(*t.text)
		}
		m := hmac.New(sha256.New, r.Salt)
		m.Write(t.raw)
		if !leaf.Cut && base64.RawURLEncoding.EncodeToString(m.Sum(nil)) != t.commitment {
			return fmt.Errorf("the %s is not the one that was recorded", t.name)
		}
	}
	return nil
}
