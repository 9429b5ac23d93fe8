// Package posture looks at how a reeve stands: what an operator would have to know before trusting it. A Check says what
// was looked at, whether it is in order, and what to do where it is not. It holds no secret and no content.
package posture

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Status of a Check, in the order of gravity.
type Status string

const (
	OK   Status = "ok"
	Skip Status = "skipped" // could not be looked at from here
	Warn Status = "warning" // works, but somebody should know
	Fail Status = "failed"  // must be put right
)

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"check"` // such as "tls.callers"; letters, digits and dots
	Status Status `json:"status"`
	Detail string `json:"detail"`           // what was found
	Remedy string `json:"remedy,omitempty"` // what to do, where something is to be done
	Loose  bool   `json:"-"`                // the detail changes by itself, such as a number of free bytes
}

// Worst is the gravest status of all.
func Worst(checks []Check) Status {
	worst := OK
	for _, c := range checks {
		if rank(c.Status) > rank(worst) {
			worst = c.Status
		}
	}
	return worst
}

func rank(s Status) int {
	for i, t := range [...]Status{OK, Skip, Warn, Fail} {
		if s == t {
			return i
		}
	}
	return 3
}

// Count is how many checks have a status.
func Count(checks []Check, s Status) (n int) {
	for _, c := range checks {
		if c.Status == s {
			n++
		}
	}
	return n
}

// Digest is the SHA-256 over names, statuses and details; details that change by themselves are left out, so two
// postures with the same digest differ in nothing that somebody did.
func Digest(checks []Check) [32]byte {
	h := sha256.New()
	for _, c := range checks {
		detail := c.Detail
		if c.Loose {
			detail = ""
		}
		for _, part := range []string{c.Name, string(c.Status), detail} {
			fmt.Fprintf(h, "%d:%s", len(part), part)
		}
	}
	return [32]byte(h.Sum(nil))
}

// maxOpen bounds how many files are named.
const maxOpen = 5

// Modes looks whether anybody but the owner may read or change what lies in the data directory. Files that are public by
// their nature (certificates, the log's public key) may be read by all.
func Modes(dir string) Check {
	c := Check{Name: "data.modes", Status: OK, Detail: "nobody but the owner may read the data directory"}
	info, err := os.Stat(dir)
	if err != nil {
		c.Status, c.Detail, c.Remedy = Skip, "there is no data directory yet", "reeve serve makes it"
		return c
	}
	if info.Mode().Perm()&0o077 == 0 {
		return c // whatever the modes inside, nobody gets there
	}
	c.Status, c.Detail, c.Remedy = Warn, fmt.Sprintf("the data directory has mode %04o", info.Mode().Perm()), "chmod 700 "+dir
	var open []string
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || public(e.Name()) {
			return nil
		}
		if info, err := e.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			name, _ := filepath.Rel(dir, path)
			open = append(open, name)
		}
		return nil
	})
	if len(open) > 0 {
		more := ""
		if len(open) > maxOpen {
			open, more = open[:maxOpen], " and more"
		}
		c.Status, c.Detail = Fail, c.Detail+", and others may read "+strings.Join(open, ", ")+more
		c.Remedy = "chmod -R go= " + dir
	}
	return c
}

func public(name string) bool {
	return strings.HasSuffix(name, ".pem") || strings.HasSuffix(name, ".pub")
}

// Secret looks whether anybody but the owner may read a file with a secret.
func Secret(name, path string) Check {
	c := Check{Name: name, Status: OK}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		c.Status, c.Detail, c.Remedy = Fail, "the file cannot be read: "+reason(err), "check its path and its owner"
	case !info.Mode().IsRegular():
		c.Status, c.Detail, c.Remedy = Warn, "it is no regular file", ""
	case info.Mode().Perm()&0o077 != 0:
		c.Status, c.Detail = Fail, fmt.Sprintf("the file has mode %04o: others may read it", info.Mode().Perm())
		c.Remedy = "chmod 600 " + path + ", and change the secret: others had it"
	default:
		c.Detail = fmt.Sprintf("the file has mode %04o", info.Mode().Perm())
	}
	return c
}

// reason is the cause of a failed file operation without its path.
func reason(err error) string {
	if p, ok := err.(*fs.PathError); ok { //nolint:errorlint // os.Stat returns it as it is
		return p.Err.Error()
	}
	return err.Error()
}
