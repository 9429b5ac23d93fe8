package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// Git asks the git program about a working tree.
type Git struct {
	dir string // top of the working tree
}

// ErrGit says that git could not answer.
var ErrGit = errors.New("git does not answer")

// OpenGit finds the working tree around dir.
func OpenGit(ctx context.Context, dir string) (*Git, error) {
	g := &Git{dir: dir}
	out, err := g.run(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	g.dir = strings.TrimRight(string(out), "\n")
	return g, nil
}

// Dir is the top of the working tree.
func (g *Git) Dir() string { return g.dir }

// run starts git without anything of the user's configuration that could run other programs or change the output.
func (g *Git) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := g.command(ctx, args...)
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(problem.String()), "\n")
		if first == "" {
			first = err.Error()
		}
		return nil, fmt.Errorf("%w: git %s: %s", ErrGit, args[0], first)
	}
	return out, nil
}

func (g *Git) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", g.dir, "-c", "core.quotePath=off", "-c", "core.fsmonitor=false"}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_PAGER=cat")
	return cmd
}

// Staged lists the files that the next commit adds or changes, as they are staged. only limits them to some paths
// relative to the working tree; none means all.
func (g *Git) Staged(ctx context.Context, only []string) ([]Named, error) {
	args := append([]string{"diff", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--diff-filter=ACMT", "--no-ext-diff", "--"}, only...)
	out, err := g.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	var list []Named
	for fields := bytes.Split(out, []byte{0}); len(fields) > 1; fields = fields[2:] {
		// :100644 100644 OLD NEW M
		head := strings.Fields(string(fields[0]))
		if len(head) < 5 || !strings.HasPrefix(head[1], "100") {
			continue // a link or a submodule has no content of its own
		}
		path, blob := string(fields[1]), head[3]
		list = append(list, Named{Path: path, Open: func() (dataset.Source, error) { return g.blob(ctx, blob) }})
	}
	slices.SortFunc(list, func(a, b Named) int { return compareWalk(a.Path, b.Path) })
	return list, nil
}

// maxBlob is how large a blob may be that is held in memory. A larger one goes through a file.
const maxBlob = 4 << 20

// blob is the content of an object.
func (g *Git) blob(ctx context.Context, id string) (dataset.Source, error) {
	size, err := g.run(ctx, "cat-file", "-s", id)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(size)), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: the size of an object is no number", ErrGit)
	}
	if n <= maxBlob {
		b, err := g.run(ctx, "cat-file", "blob", id)
		if err != nil {
			return nil, err
		}
		return &memory{b}, nil
	}
	f, err := os.CreateTemp("", "reeve-staged-*")
	if err != nil {
		return nil, fmt.Errorf("hold a staged file: %w", err)
	}
	_ = os.Remove(f.Name())
	cmd := g.command(ctx, "cat-file", "blob", id)
	cmd.Stdout = f
	if err := cmd.Run(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%w: git cat-file: %w", ErrGit, err)
	}
	return &diskFile{f, n}, nil
}

// Since lists the files of the working tree, as absolute paths, that differ from a revision or that git does not know.
func (g *Git) Since(ctx context.Context, rev string, only []string) ([]string, error) {
	id, err := g.revision(ctx, rev)
	if err != nil {
		return nil, err
	}
	changed, err := g.run(ctx, append([]string{"diff", "--name-only", "-z", "--no-renames", "--diff-filter=ACMT", "--no-ext-diff", id, "--"}, only...)...)
	if err != nil {
		return nil, err
	}
	unknown, err := g.run(ctx, append([]string{"ls-files", "--others", "--exclude-standard", "-z", "--"}, only...)...)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, name := range bytes.Split(append(changed, unknown...), []byte{0}) {
		if len(name) > 0 {
			list = append(list, filepath.Join(g.dir, string(name)))
		}
	}
	slices.SortFunc(list, compareWalk)
	return slices.Compact(list), nil
}

// revision turns a name into the id of a commit, so that no name is taken for an option.
func (g *Git) revision(ctx context.Context, rev string) (string, error) {
	out, err := g.run(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("%w: there is no revision %q", ErrGit, rev)
	}
	return strings.TrimSpace(string(out)), nil
}

// ChangedLines are lines of files, by path relative to the top of the working tree.
type ChangedLines struct {
	files map[string][]hunk // ascending
}

// hunk is the lines [from, to).
type hunk struct{ from, to int }

// Lines lists what the next commit (staged) or the working tree has on top of a revision. A file that git does not know
// is all new.
func (g *Git) Lines(ctx context.Context, staged bool, rev string) (*ChangedLines, error) {
	args := []string{"diff", "-U0", "--no-color", "--no-renames", "--no-ext-diff", "--no-textconv", "--text", "--src-prefix=a/", "--dst-prefix=b/"}
	if staged {
		args = append(args, "--cached")
	} else {
		id, err := g.revision(ctx, rev)
		if err != nil {
			return nil, err
		}
		args = append(args, id)
	}
	cmd := g.command(ctx, append(args, "--")...)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGit, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGit, err)
	}
	c, err := parseDiff(pipe)
	_, _ = io.Copy(io.Discard, pipe)
	if werr := cmd.Wait(); werr != nil {
		return nil, fmt.Errorf("%w: git diff: %w", ErrGit, werr)
	}
	if err != nil || staged {
		return c, err
	}
	unknown, err := g.run(ctx, "ls-files", "--others", "--exclude-standard", "-z")
	for _, name := range bytes.Split(unknown, []byte{0}) {
		if len(name) > 0 {
			c.files[string(name)] = []hunk{{0, 1 << 60}}
		}
	}
	return c, err
}

// parseDiff reads the files and hunks of a diff without context. Lines of any length pass.
func parseDiff(r io.Reader) (*ChangedLines, error) {
	c := &ChangedLines{files: map[string][]hunk{}}
	in := bufio.NewReaderSize(r, 64<<10)
	name, left := "", 0 // lines of the hunk that are still to come
	for {
		line, err := in.ReadSlice('\n')
		head := string(line[:min(len(line), 4096)])
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		switch {
		case left > 0:
			if !strings.HasPrefix(head, `\`) {
				left--
			}
		case strings.HasPrefix(head, "+++ "):
			name = diffName(strings.TrimRight(head[4:], "\n"))
		case strings.HasPrefix(head, "@@ "):
			var old, from, count int
			if old, from, count, err = hunkOf(head); err != nil {
				return nil, err
			}
			left = old + count
			if name != "" && count > 0 {
				c.files[name] = append(c.files[name], hunk{from, from + count})
			}
		}
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrGit, err)
		}
	}
}

// diffName is the path of a "+++" line: git puts quotes around names with special characters and a tab behind names with
// spaces.
func diffName(s string) string {
	if s == "/dev/null" {
		return ""
	}
	if strings.HasPrefix(s, `"`) {
		if plain, err := strconv.Unquote(s); err == nil {
			s = plain
		}
	}
	return strings.TrimPrefix(strings.TrimSuffix(s, "\t"), "b/")
}

// hunkOf reads "@@ -a,b +c,d @@".
func hunkOf(head string) (old, from, count int, err error) {
	parts := strings.Fields(head)
	if len(parts) < 3 {
		return 0, 0, 0, fmt.Errorf("%w: git diff has a malformed hunk", ErrGit)
	}
	pair := func(s string) (at, n int) {
		a, b, found := strings.Cut(s[1:], ",")
		at, err1 := strconv.Atoi(a)
		n = 1
		if found {
			var err2 error
			if n, err2 = strconv.Atoi(b); err2 != nil {
				err = err2
			}
		}
		if err1 != nil {
			err = err1
		}
		return at, n
	}
	_, old = pair(parts[1])
	from, count = pair(parts[2])
	if err != nil {
		err = fmt.Errorf("%w: git diff has a malformed hunk", ErrGit)
	}
	return old, from, count, err
}

// has reports whether a finding on the line counts. One without a line does if the file changed at all.
func (c *ChangedLines) has(path string, line int) bool {
	path, _, _ = strings.Cut(path, "!/")
	hunks, ok := c.files[path]
	if !ok || line == 0 {
		return ok
	}
	i, _ := slices.BinarySearchFunc(hunks, line, func(h hunk, line int) int {
		if h.to <= line {
			return -1
		}
		return 1
	})
	return i < len(hunks) && hunks[i].from <= line
}
