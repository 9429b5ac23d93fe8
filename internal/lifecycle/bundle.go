package lifecycle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve/internal/custody"
)

// ExportRequest asks for a bundle: of all that the log holds about a subject, or of a range of records.
type ExportRequest struct {
	Subject  string `json:"subject,omitempty"`
	From     uint64 `json:"from,omitempty"` // range: first record
	To       uint64 `json:"to,omitempty"`   // range: behind the last one; 0 for the newest
	Payloads bool   `json:"payloads,omitempty"`
	Actor    string `json:"actor"`
}

// Manifest lists what a bundle holds. It is the last file that is written: a bundle without it is not whole.
type Manifest struct {
	SchemaVersion int            `json:"schema_version"`
	Kind          string         `json:"kind"` // "subject" or "range"
	Created       time.Time      `json:"created"`
	Origin        string         `json:"origin"` // of the log
	Size          uint64         `json:"size"`   // leaves under the checkpoint
	Subject       string         `json:"subject,omitempty"`
	Principals    []string       `json:"principals,omitempty"`
	From          *uint64        `json:"from,omitempty"`
	To            *uint64        `json:"to,omitempty"`
	Records       int            `json:"records"`
	Payloads      int            `json:"payloads"` // records whose text is in the bundle
	Erased        int            `json:"erased"`   // records whose text is destroyed
	Dropped       int            `json:"dropped"`  // records whose text was let go as its time was up
	Access        []uint64       `json:"access,omitempty"`
	Files         []ManifestFile `json:"files"`
}

// ManifestFile is one file of a bundle.
type ManifestFile struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// The files of a bundle.
const (
	recordsFile  = "records.jsonl"
	manifestFile = "manifest.json"
	readableFile = "index.html"
	proofsDir    = "proofs"
)

// proofFile is where the proof of a record lies.
func proofFile(seq uint64) string {
	return proofsDir + "/" + strconv.FormatUint(seq, 10) + ".tlog-proof"
}

// Export writes a bundle as a tar archive: the records with one proof each, the checkpoint, the log's key, a page to read
// and a manifest. `reeve custody verify` checks it without the log. Where it holds payloads, that they are read is on
// record before the first byte; where it cannot be recorded, nothing is written.
func (c *Custodian) Export(ctx context.Context, q ExportRequest, w io.Writer) error {
	if err := c.index.CatchUp(ctx); err != nil {
		return err
	}
	m := &Manifest{SchemaVersion: 1, Kind: "range", Created: c.o.Clock().UTC()}
	var seqs []uint64
	var err error
	if q.Subject != "" {
		m.Kind, m.Subject, q.Payloads = "subject", q.Subject, true
		seqs, err = c.subjectRecords(ctx, m)
	} else {
		seqs, err = c.rangeRecords(&q, m)
	}
	if err != nil {
		return err
	}
	if q.Payloads {
		if err := c.recordAccess(ctx, &q, m, seqs); err != nil {
			return err
		}
	}
	last := uint64(0)
	if len(seqs) > 0 {
		last = seqs[len(seqs)-1]
	}
	if err := c.o.Log.Published(ctx, max(last, slices.Max(append(m.Access, 0)))); err != nil {
		return fmt.Errorf("wait for the checkpoint: %w", err)
	}
	p, err := c.o.Log.Prover()
	if err != nil {
		return err
	}
	defer p.Close()
	b := &bundle{c: c, m: m, tar: tar.NewWriter(w), prover: p, payloads: q.Payloads}
	return b.write(ctx, seqs)
}

// subjectRecords are the records of a subject. One that nothing is known of is not an empty bundle but an error.
func (c *Custodian) subjectRecords(ctx context.Context, m *Manifest) ([]uint64, error) {
	ids, err := c.principals(ctx, m.Subject)
	if err != nil {
		return nil, err
	}
	all, err := c.whoIs(ids)
	if err != nil {
		return nil, err
	}
	m.Principals = ids
	seqs, err := c.index.recordsOf(ctx, all)
	if err == nil && len(seqs) == 0 {
		err = fmt.Errorf("%w", ErrNobody)
	}
	return seqs, err
}

// ErrNobody says that the log holds nothing of a subject.
var ErrNobody = errors.New("the log holds nothing under this subject: it is unknown, or was erased")

// maxRange bounds a bundle of a range: there is a proof for each record.
const maxRange = 250_000

func (c *Custodian) rangeRecords(q *ExportRequest, m *Manifest) ([]uint64, error) {
	size, err := c.o.Reader.Size()
	if err != nil {
		return nil, err
	}
	if q.To == 0 {
		q.To = size
	}
	if q.From >= q.To || q.To > size {
		return nil, fmt.Errorf("the log holds records 0 to %d: the range from %d to %d is not in it", size, q.From, q.To)
	}
	if q.To-q.From > maxRange {
		return nil, fmt.Errorf("a bundle holds at most %d records: export several", maxRange)
	}
	m.From, m.To = &q.From, &q.To
	seqs := make([]uint64, 0, q.To-q.From)
	for seq := q.From; seq < q.To; seq++ {
		seqs = append(seqs, seq)
	}
	return seqs, nil
}

// recordAccess puts on record that payloads are read, and whose.
func (c *Custodian) recordAccess(ctx context.Context, q *ExportRequest, m *Manifest, seqs []uint64) error {
	for part := range slices.Chunk(toRanges(seqs), maxRanges) {
		ev := &custody.Event{
			Kind: custody.EventAccess, Actor: q.Actor, Act: "payload.export", Object: m.Kind, Result: "ok",
			Ranges: part, Numbers: map[string]uint64{"records": count(part)},
		}
		if len(m.Principals) > 0 {
			ev.Subject = m.Principals[0]
		}
		r, err := c.record(ctx, ev)
		if err != nil {
			return fmt.Errorf("nothing is exported: %w", err)
		}
		m.Access = append(m.Access, r.Seq)
	}
	return nil
}

// bundle writes one archive.
type bundle struct {
	c        *Custodian
	m        *Manifest
	tar      *tar.Writer
	prover   Prover
	payloads bool
	lines    bytes.Buffer
	page     page
}

func (b *bundle) write(ctx context.Context, seqs []uint64) error {
	err := b.c.each(seqs, func(r *custody.Stored) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return b.add(r)
	})
	if err != nil {
		return err
	}
	b.m.Origin, b.m.Size = b.prover.Origin(), b.prover.Size()
	key, err := os.ReadFile(filepath.Join(b.c.o.Dir, "custody", "log.pub"))
	if err != nil {
		return fmt.Errorf("read the log's key: %w", err)
	}
	readable, err := b.page.render(b.m)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		path string
		text []byte
	}{{recordsFile, b.lines.Bytes()}, {"checkpoint", b.prover.Checkpoint()}, {"log.pub", key}, {readableFile, readable}} {
		if err := b.file(f.path, f.text); err != nil {
			return err
		}
	}
	manifest, err := json.Marshal(b.m, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	if err := b.put(manifestFile, append(manifest, '\n')); err != nil {
		return err
	}
	return b.tar.Close()
}

// add takes one record into the bundle.
func (b *bundle) add(r *custody.Stored) error {
	open := entry
	if b.payloads && !b.confidential(r) {
		open = b.c.open
	}
	e, err := open(r)
	if err != nil {
		return err
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	b.lines.Write(line)
	b.lines.WriteByte('\n')
	b.m.Records++
	switch {
	case e.Erased:
		b.m.Erased++
	case e.Dropped:
		b.m.Dropped++
	case e.Salt != nil:
		b.m.Payloads++
	}
	b.page.add(e)
	proof, err := b.prover.Prove(r.Seq, r.Leaf)
	if err != nil {
		return fmt.Errorf("prove record %d: %w", r.Seq, err)
	}
	return b.file(proofFile(r.Seq), proof)
}

// confidential are the words of a legal hold: that there is one stands in the leaf, why is not the subject's to read.
func (b *bundle) confidential(r *custody.Stored) bool {
	return b.m.Kind == "subject" && r.Kind == custody.EventHold
}

// file adds a file that the manifest lists.
func (b *bundle) file(path string, text []byte) error {
	sum := sha256.Sum256(text)
	b.m.Files = append(b.m.Files, ManifestFile{Path: path, Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:])})
	return b.put(path, text)
}

func (b *bundle) put(path string, text []byte) error {
	err := b.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Size: int64(len(text)), Mode: 0o600, ModTime: b.m.Created, Format: tar.FormatPAX})
	if err == nil {
		_, err = b.tar.Write(text)
	}
	if err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

// maxGap is how many records in between are read over rather than looked up one by one.
const maxGap = 64

// each reads records in order.
func (c *Custodian) each(seqs []uint64, do func(*custody.Stored) error) error {
	for len(seqs) > 0 {
		n := 1
		for n < len(seqs) && seqs[n]-seqs[n-1] <= maxGap {
			n++
		}
		part := seqs[:n]
		seqs = seqs[n:]
		i := 0
		err := c.o.Reader.Range(part[0], part[n-1]+1, func(r *custody.Stored) error {
			if i >= n || r.Seq != part[i] {
				return nil
			}
			i++
			return do(r)
		})
		if err != nil {
			return err
		}
		if i < n {
			return fmt.Errorf("record %d: %w", part[i], custody.ErrNotFound)
		}
	}
	return nil
}
