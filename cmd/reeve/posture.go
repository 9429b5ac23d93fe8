package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/gateway"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/posture"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// standing is the posture that follows from the configuration and the machine. It asks nobody on the network and reads no
// log, so a server may take it every few minutes. policies are the checks of the policies, read or in force.
func (s *settings) standing(policies []posture.Check) []posture.Check {
	var checks []posture.Check
	checks = append(checks, s.listenerChecks()...)
	checks = append(checks, s.rootKeyCheck(), posture.Modes(s.data))
	checks = append(checks, policies...)
	for i := range s.Gateway.Upstreams {
		checks = append(checks, upstreamWay(&s.Gateway.Upstreams[i]))
	}
	return append(checks, posture.Disk(s.data), posture.Clock(), posture.Cores(), posture.Swap())
}

func (s *settings) listenerChecks() []posture.Check {
	g := &s.Gateway
	checks := []posture.Check{s.listenerCheck("listen.callers", g.Listen)}
	if g.AdminListen != "" {
		checks = append(checks, s.listenerCheck("listen.admin", g.AdminListen))
	}
	if g.TLS.Mode != "off" {
		checks = append(checks, s.certificateCheck())
	}
	return checks
}

func (s *settings) listenerCheck(name, addr string) posture.Check {
	host, _, _ := net.SplitHostPort(addr)
	c := posture.Check{Name: name, Status: posture.OK}
	switch {
	case s.Gateway.TLS.Mode != "off":
		c.Detail = addr + ", TLS 1.3 (" + s.Gateway.TLS.Mode + ")"
	case gateway.Loopback(host):
		c.Detail = addr + ", plaintext on this machine only"
	default:
		c.Status, c.Detail = posture.Warn, addr+", plaintext beyond this machine (insecure is set)"
		c.Remedy = "set gateway.tls.mode to local, files or acme"
	}
	return c
}

// soon is how long before its end a certificate is worth a warning.
const soon = 14 * 24 * time.Hour

func (s *settings) certificateCheck() posture.Check {
	c := posture.Check{Name: "tls.certificate", Status: posture.OK}
	t := &s.Gateway.TLS
	path := ""
	switch t.Mode {
	case "local":
		path = filepath.Join(s.data, "tls", "ca.pem")
		c.Detail = "of reeve's own authority"
	case "files":
		path = s.Path(t.Cert)
		if secret := posture.Secret("tls.certificate", s.Path(t.Key)); secret.Status == posture.Fail {
			secret.Detail = "its key: " + secret.Detail
			return secret
		}
	case "acme":
		c.Detail = "of an ACME authority, for " + strings.Join(t.ACME.Domains, ", ")
		return c
	}
	leaf, err := firstCertificate(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && t.Mode == "local":
		c.Status, c.Detail, c.Remedy = posture.Skip, "there is no authority yet", "reeve serve makes it"
	case err != nil:
		c.Status, c.Detail, c.Remedy = posture.Fail, "it cannot be read", "gateway.tls.cert names a PEM file with the certificate and its chain"
	case time.Now().After(leaf.NotAfter):
		c.Status, c.Detail, c.Remedy = posture.Fail, "it ended on "+leaf.NotAfter.Format(time.DateOnly), "put a new one in its place; it is read again within a second"
	case time.Until(leaf.NotAfter) < soon:
		c.Status, c.Detail, c.Remedy = posture.Warn, "it ends on "+leaf.NotAfter.Format(time.DateOnly), "put a new one in its place; it is read again within a second"
	default:
		c.Detail = strings.TrimPrefix(c.Detail+", until "+leaf.NotAfter.Format(time.DateOnly), ", ")
	}
	return c
}

func firstCertificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// rootKeyCheck looks at the provider of the root key, without asking it for anything that leaves a trace.
func (s *settings) rootKeyCheck() posture.Check {
	scheme, arg, _ := strings.Cut(s.root, ":")
	switch {
	case s.root == "" || s.root == "file":
		arg = filepath.Join(s.data, "root.key")
		if _, err := os.Stat(arg); errors.Is(err, os.ErrNotExist) {
			return posture.Check{Name: "keys.root", Status: posture.Skip, Detail: "there is no root key yet", Remedy: "reeve serve makes it; keep a copy elsewhere"}
		}
		c := posture.Secret("keys.root", arg)
		if c.Status == posture.OK {
			c.Status, c.Detail = posture.Warn, "it lies beside the data that it protects; "+c.Detail
			c.Remedy = "keep it elsewhere: a file on another volume, a TPM, a key service (docs/keys.md), and a copy in a safe place"
		}
		return c
	case scheme == "file":
		c := posture.Secret("keys.root", arg)
		if inside, err := filepath.Rel(s.data, arg); err == nil && filepath.IsLocal(inside) && c.Status == posture.OK {
			c.Status, c.Detail, c.Remedy = posture.Warn, "it lies beside the data that it protects; "+c.Detail, "keep it elsewhere (docs/keys.md)"
		}
		return c
	case scheme == "env":
		return posture.Check{Name: "keys.root", Status: posture.Warn, Detail: "it comes from an environment variable, which others of this user may read", Remedy: "use a file, a TPM or a key service (docs/keys.md)"}
	}
	return posture.Check{Name: "keys.root", Status: posture.OK, Detail: "provider " + scheme}
}

// policyChecks reads all policies as serve would, and tells their digests.
func (s *settings) policyChecks() []posture.Check {
	check := func(name, detail string, err error) posture.Check {
		if err != nil {
			first, _, _ := strings.Cut(err.Error(), "\n")
			return posture.Check{Name: name, Status: posture.Fail, Detail: first, Remedy: "`reeve config check` and `reeve access lint` show the place"}
		}
		return posture.Check{Name: name, Status: posture.OK, Detail: detail}
	}
	var checks []posture.Check
	rules, err := loadPolicy(s.policy)
	detail := ""
	if err == nil {
		detail = rules.Digest()
		if failures := rules.Test(); len(failures) > 0 {
			err = fmt.Errorf("%d of its own examples fail", len(failures))
		}
	}
	checks = append(checks, check("policy.guard", detail, err))
	labels, err := loadLabels(s.Path(s.Labels.Policy))
	checks = append(checks, check("policy.labels", labels.Digest(), err))
	set, err := loadAccess(s.access, s.Access.Models)
	if err == nil {
		detail = "sha256:" + set.PolicyDigest()
	}
	return append(checks, check("policy.access", detail, err))
}

// upstreamWay looks at the way to a runtime, without walking it.
func upstreamWay(u *config.Upstream) posture.Check {
	c := posture.Check{Name: "upstream." + u.Name, Status: posture.OK}
	to, err := url.Parse(u.URL)
	switch {
	case err != nil:
		c.Status, c.Detail = posture.Fail, "the address cannot be read"
	case to.Scheme == "https" && u.TLS.Cert != "":
		c.Detail = "TLS 1.3, both ends known by certificate"
	case to.Scheme == "https":
		c.Detail = "TLS 1.3"
	case gateway.Loopback(to.Hostname()):
		c.Detail = "plaintext on this machine only"
	default:
		c.Status, c.Detail = posture.Warn, "plaintext beyond this machine (insecure is set)"
		c.Remedy = "give it an https:// address"
	}
	return c
}

// reachChecks asks every runtime for an answer.
func (s *settings) reachChecks(ctx context.Context) (checks []posture.Check) {
	for i := range s.Gateway.Upstreams {
		u := &s.Gateway.Upstreams[i]
		c := posture.Check{Name: "upstream." + u.Name + ".reach", Status: posture.OK, Detail: "it answers", Loose: true}
		if err := s.reach(ctx, u); err != nil {
			c.Status, c.Detail, c.Remedy = posture.Fail, err.Error(), "check that it runs, and that the address and its certificate are right"
		}
		checks = append(checks, c)
	}
	return checks
}

func (s *settings) reach(ctx context.Context, u *config.Upstream) error {
	srv := &server{settings: s}
	cfg, err := srv.upstreamTLS(u)
	if err != nil {
		return err
	}
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS13}
	}
	key, err := s.Secret(u.APIKey)
	if err != nil {
		return fmt.Errorf("api_key: %w", err)
	}
	client, err := upstream.NewClient(upstream.Options{URL: u.URL, APIKey: key, TLS: cfg, Dial: 3 * time.Second, FirstByte: 5 * time.Second})
	if err != nil {
		return err
	}
	defer client.Close()
	a, err := client.Do(ctx, "GET", "/v1/models", nil)
	if err != nil {
		return err
	}
	a.Close()
	return nil
}

// custodyChecks verifies the log and looks at the age of its signed head.
func (s *settings) custodyChecks() []posture.Check {
	c := posture.Check{Name: "custody.verify", Status: posture.OK}
	if _, err := os.Stat(filepath.Join(s.data, "custody")); err != nil {
		c.Status, c.Detail = posture.Skip, "there is no log yet"
		return []posture.Check{c}
	}
	report, err := custody.Verify(s.data, custody.VerifyOptions{})
	switch {
	case err != nil:
		c.Status, c.Detail, c.Remedy = posture.Fail, "the log cannot be read", "`reeve custody verify` says why"
	case !report.OK:
		c.Status, c.Detail = posture.Fail, fmt.Sprintf("%d of its records or files are not as they were written", len(report.Problems))
		c.Remedy = "keep the directory as it is; `reeve custody verify` names them"
	default:
		c.Detail, c.Loose = fmt.Sprintf("all %d records are sound", report.Leaves), true
	}
	head := posture.Check{Name: "custody.checkpoint", Status: posture.OK, Loose: true}
	info, err := os.Stat(filepath.Join(s.data, "custody", "checkpoint"))
	if err != nil {
		head.Status, head.Detail, head.Remedy = posture.Warn, "the head of the log was never signed", "reeve serve signs it"
		return []posture.Check{c, head}
	}
	age := time.Since(info.ModTime())
	head.Detail = "signed " + age.Round(time.Second).String() + " ago"
	if age < -time.Minute {
		head.Status, head.Detail, head.Remedy = posture.Warn, "the signed head is of the future", "the clock was set back: check it"
	}
	return []posture.Check{c, head}
}

// keysOpen asks the provider of the root key for the key itself.
func (s *settings) keysOpen(ctx context.Context) posture.Check {
	c := posture.Check{Name: "keys.provider", Status: posture.OK, Detail: "it answers"}
	if _, err := os.Stat(filepath.Join(s.data, "keys.db")); err != nil {
		c.Status, c.Detail = posture.Skip, "there are no keys yet"
		return c
	}
	spec := s.root
	if spec == "" {
		spec = "file"
	}
	root, err := keyring.OpenRoot(ctx, s.data, spec, false)
	if err != nil {
		c.Status, c.Detail, c.Remedy = posture.Fail, "it does not open", "docs/keys.md lists the kinds of root keys"
		return c
	}
	if err := root.Close(); err != nil {
		c.Status, c.Detail = posture.Warn, "it does not close"
	}
	return c
}

// recordPosture puts the posture on record where it is another than the one on record.
func (s *server) recordPosture(act string) error {
	s.postureLock.Lock()
	defer s.postureLock.Unlock()
	checks := s.standingNow()
	sum := posture.Digest(checks)
	if sum == s.posture {
		return nil
	}
	ev := &custody.Event{
		Kind: custody.EventAdmin, Actor: "reeve", Act: act, Object: hex.EncodeToString(sum[:]), Result: string(posture.Worst(checks)),
		Names: map[string]string{}, Digests: map[string][32]byte{"posture": sum},
		Numbers: map[string]uint64{
			"failures": uint64(posture.Count(checks, posture.Fail)), "warnings": uint64(posture.Count(checks, posture.Warn)), //nolint:gosec // counts
		},
	}
	for _, c := range checks {
		if name := strings.Map(eventKey, c.Name); len(name) <= 40 {
			ev.Names[name] = string(c.Status)
		}
	}
	if _, err := s.custody.Event(ev); err != nil {
		return fmt.Errorf("record posture: %w", err)
	}
	s.posture = sum
	for _, c := range checks {
		if c.Status == posture.Fail {
			s.log.Warn("posture", "check", c.Name, "detail", c.Detail, "remedy", c.Remedy)
		}
	}
	return nil
}

// eventKey makes a name of a check a key of an event's names.
func eventKey(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return r
	case r >= 'A' && r <= 'Z':
		return r + 'a' - 'A'
	}
	return '_'
}

// postureEvery is how often a server looks whether its posture has changed.
const postureEvery = 5 * time.Minute

func (s *server) postureLoop(ctx context.Context) error {
	tick := time.NewTicker(postureEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.postureChanged()
		}
	}
}

// postureChanged puts a posture that has changed on record.
func (s *server) postureChanged() {
	if err := s.recordPosture("posture.change"); err != nil {
		s.log.Error("the posture is not on record", "error", err)
	}
}
