package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Bounds of what is gathered.
const (
	maxFiles          = 100_000   // of a target
	maxStatementFiles = 10_000    //
	maxStatements     = 20_000    // together
	maxStatementBytes = 256 << 20 // of all files of statements together
	maxStatementFile  = 64 << 20
)

// Gather reads the files of a target, a folder or one file, and the statements inside of it, beside it and below the
// folders of evidence. It follows symbolic links only to files inside of the target, and refuses nothing: what cannot be
// read is part of the evidence. The error tells that the target itself is not there, or that the context ended.
func Gather(ctx context.Context, name, target string, evidence ...string) (*Evidence, error) {
	info, err := os.Stat(target)
	if err != nil {
		return nil, fmt.Errorf("open target: %w", err)
	}
	ev := &Evidence{Target: name, Scans: map[string]Scanned{}}
	g := gatherer{ev: ev, seen: map[string]bool{}}
	g.near = true
	if info.IsDir() {
		if err := g.folder(ctx, target); err != nil {
			return nil, err
		}
		g.near = false
		g.statementsIn(filepath.Dir(filepath.Clean(target)))
	} else {
		g.file(filepath.Base(target), target)
		g.statementsIn(filepath.Dir(target))
	}
	g.near = false
	for _, dir := range evidence {
		if err := g.below(ctx, dir); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(ev.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return ev, ctx.Err()
}

type gatherer struct {
	ev    *Evidence
	seen  map[string]bool // files of statements, by their real path
	bytes int64
	full  bool
	near  bool // what is read now lies in the target
}

func (g *gatherer) odd(name, reason string) {
	if len(g.ev.Odd) < 1000 {
		g.ev.Odd = append(g.ev.Odd, Odd{name, reason})
	}
}

// folder walks a target.
func (g *gatherer) folder(ctx context.Context, dir string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("open target: %w", err)
	}
	return filepath.WalkDir(real, func(full string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(real, full)
		if relErr != nil {
			return relErr
		}
		rel = filepath.ToSlash(rel)
		switch {
		case err != nil:
			g.odd(rel, reason(err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
			if rel == ".git" {
				return fs.SkipDir
			}
		case len(g.ev.Files) >= maxFiles:
			g.odd(rel, fmt.Sprintf("the target has more than %d files", maxFiles))
			return fs.SkipAll
		case strings.ContainsAny(rel, "\n\\"):
			g.odd(strings.ToValidUTF8(strings.NewReplacer("\n", " ", "\\", " ").Replace(rel), "?"), "its name has a line feed or a backslash")
		case d.Type()&fs.ModeSymlink != 0:
			g.link(real, rel, full)
		case !d.Type().IsRegular():
			g.odd(rel, "it is neither a file nor a folder")
		default:
			g.file(rel, full)
		}
		return nil
	})
}

// link reads what a symbolic link points to, if that is a file inside of the target.
func (g *gatherer) link(root, rel, full string) {
	to, err := filepath.EvalSymlinks(full)
	if err != nil {
		g.odd(rel, "it is a symbolic link that leads nowhere")
		return
	}
	if !strings.HasPrefix(to, root+string(filepath.Separator)) {
		g.odd(rel, "it is a symbolic link out of the target")
		return
	}
	if info, err := os.Stat(to); err != nil || !info.Mode().IsRegular() {
		g.odd(rel, "it is a symbolic link to something that is no file")
		return
	}
	g.file(rel, to)
}

// file takes in one file: statements are read, everything else is part of the target.
func (g *gatherer) file(rel, full string) {
	if isStatement(rel) {
		g.statements(full)
		return
	}
	f, head, err := hashFile(full)
	if err != nil {
		g.odd(rel, reason(err))
		return
	}
	if Beside(rel) && !looksLikeWeights(head, f.Size) {
		return
	}
	f.Path = rel
	g.ev.Files = append(g.ev.Files, File{f, RoleOf(rel, head, f.Size)})
}

// hashFile reads a file whole. It also returns its first bytes.
func hashFile(name string) (f attest.File, head []byte, err error) {
	in, err := os.Open(name)
	if err != nil {
		return f, nil, err
	}
	defer in.Close()
	before, err := in.Stat()
	if err != nil {
		return f, nil, err
	}
	if !before.Mode().IsRegular() {
		return f, nil, errors.New("it is no regular file")
	}
	head = make([]byte, 64)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return f, nil, err
	}
	head = head[:n]
	h := sha256.New()
	h.Write(head)
	rest, err := io.Copy(h, in)
	if err != nil {
		return f, nil, err
	}
	size := int64(n) + rest
	if after, err := in.Stat(); err != nil || size != before.Size() || after.Size() != size || !after.ModTime().Equal(before.ModTime()) {
		return f, nil, errors.New("it changed while it was read")
	}
	return attest.File{SHA256: hex.EncodeToString(h.Sum(nil)), Size: size}, head, nil
}

// isStatement reports whether a file is one of statements by its name.
func isStatement(name string) bool { return strings.HasSuffix(name, ".intoto.jsonl") }

// Beside reports whether a file lies beside a model without being part of it: statements, signatures, bills of materials,
// manifests of sources.
func Beside(name string) bool {
	base := path.Base(name)
	return isStatement(base) || base == "model.sig" || strings.HasSuffix(base, ".cdx.json") || base == "bom.json" || base == "sourcing.yaml" || base == "gate.svg"
}

// statementsIn reads the files of statements of one folder, not of those below it.
func (g *gatherer) statementsIn(dir string) {
	names, err := filepath.Glob(filepath.Join(globEscape(dir), "*.intoto.jsonl"))
	if err != nil {
		return
	}
	for _, name := range names {
		g.statements(name)
	}
}

// globEscape makes a folder's name mean itself in a pattern.
func globEscape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// below reads the files of statements of a folder and all below it, or one such file.
func (g *gatherer) below(ctx context.Context, dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // no evidence yet
	case err != nil:
		return fmt.Errorf("open evidence: %w", err)
	}
	if !info.IsDir() {
		g.statements(dir)
		return nil
	}
	return filepath.WalkDir(dir, func(full string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			g.unreadable(full, reason(err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case !d.IsDir() && isStatement(d.Name()):
			g.statements(full)
		}
		return nil
	})
}

func (g *gatherer) unreadable(name, reason string) {
	if len(g.ev.Unreadable) < 1000 {
		g.ev.Unreadable = append(g.ev.Unreadable, Odd{filepath.ToSlash(name), reason})
	}
}

// statements reads one file of statements, once.
func (g *gatherer) statements(name string) {
	real, err := filepath.EvalSymlinks(name)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		g.unreadable(name, reason(err))
		return
	}
	if g.seen[real] || g.full {
		return
	}
	g.seen[real] = true
	info, err := os.Stat(real)
	switch {
	case err != nil:
		g.unreadable(name, reason(err))
	case !info.Mode().IsRegular():
		g.unreadable(name, "it is no regular file")
	case info.Size() > maxStatementFile:
		g.unreadable(name, fmt.Sprintf("it has more than %d bytes", maxStatementFile))
	case g.bytes+info.Size() > maxStatementBytes || len(g.seen) > maxStatementFiles || len(g.ev.Statements) > maxStatements:
		g.full = true
		g.unreadable(name, "there are more statements than the gate reads: give it fewer folders of evidence")
	default:
		g.bytes += info.Size()
		g.read(name, real)
	}
}

func (g *gatherer) read(name, real string) {
	f, err := os.Open(real)
	if err != nil {
		g.unreadable(name, reason(err))
		return
	}
	defer f.Close()
	all, err := attest.ReadLines(io.LimitReader(f, maxStatementFile+1))
	if err != nil {
		g.unreadable(name, err.Error())
		return
	}
	for _, e := range all {
		g.ev.Statements = append(g.ev.Statements, Signed{filepath.ToSlash(name), g.near, e})
	}
}
