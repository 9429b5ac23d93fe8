package lineage

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Code is the state of the working tree that dir lies in, nil where there is none or no git. The configuration of the
// repository runs nothing, and credentials in the address of its origin are left out.
func Code(ctx context.Context, dir string) *attest.Code {
	commit, err := git(ctx, dir, "rev-parse", "--verify", "HEAD^{commit}")
	if err != nil {
		return nil
	}
	c := &attest.Code{Commit: commit, Grade: attest.Verified}
	if status, err := git(ctx, dir, "status", "--porcelain", "--untracked-files=normal"); err == nil {
		dirty := status != ""
		c.Dirty = &dirty
	}
	if origin, err := git(ctx, dir, "remote", "get-url", "origin"); err == nil {
		c.URI = withoutCredentials(origin)
	}
	return c
}

// GitUser is who commits in dir, "" where nobody is set.
func GitUser(ctx context.Context, dir string) string {
	name, _ := git(ctx, dir, "config", "user.name")
	mail, _ := git(ctx, dir, "config", "user.email")
	if mail != "" {
		mail = "<" + mail + ">"
	}
	return strings.TrimSpace(name + " " + mail)
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-C", dir}, args...)...)
	c.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0")
	out, err := c.Output()
	return strings.TrimSpace(string(out)), err
}

// withoutCredentials drops user, password, query and fragment of an address.
func withoutCredentials(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		if at := strings.LastIndexByte(s, '@'); at >= 0 && !strings.Contains(s, "://") {
			return s[at+1:] // user@host:path
		}
		if strings.Contains(s, "://") {
			return ""
		}
		return s
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
