package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/config"
)

// settings are the configuration with what the command line changes.
type settings struct {
	*config.Config
	data   string
	root   string // root key provider as keyring.Options.Root wants it
	policy string // "" for the policy that ships
	access string // folder of the access policies; "" for those that ship
}

// load reads the configuration and lays the flags over it. A server without a runtime is of no use.
func (f *serveFlags) load(c *cobra.Command) (*settings, error) {
	s, err := f.lookUp(c)
	if err == nil && len(s.Gateway.Upstreams) == 0 {
		return nil, usage("for example --upstream http://127.0.0.1:11434", "no model runtime is named")
	}
	return s, err
}

// lookUp is load for who only looks.
func (f *serveFlags) lookUp(c *cobra.Command) (*settings, error) {
	cfg, err := loadConfig(f.config)
	if err != nil {
		return nil, err
	}
	g := &cfg.Gateway
	given := c.Flags().Changed
	if given("listen") {
		g.Listen = f.listen
	}
	if given("admin-listen") {
		g.AdminListen = f.adminListen
	}
	if given("upstream") {
		g.Upstreams = []config.Upstream{{Name: "local", URL: f.upstream, Dialect: "ollama"}}
	}
	if given("dialect") {
		for i := range g.Upstreams {
			g.Upstreams[i].Dialect = f.dialect
		}
	}
	if given("tls") {
		g.TLS.Mode = f.tlsMode
	}
	if given("tls-cert") || given("tls-key") {
		g.TLS.Mode, g.TLS.Cert, g.TLS.Key = "files", f.tlsCert, f.tlsKey
	}
	if given("insecure") {
		g.Insecure = f.insecure
		for i := range g.Upstreams {
			g.Upstreams[i].Insecure = g.Upstreams[i].Insecure || f.insecure
		}
	}
	if err := f.check(cfg); err != nil {
		return nil, err
	}
	s := &settings{Config: cfg, data: f.data, root: f.rootKey, policy: f.policy}
	if s.root == "" {
		s.root = cfg.RootKey()
	}
	if s.access = f.access; s.access == "" && cfg.Access.Policies != "" {
		s.access = cfg.Path(cfg.Access.Policies)
	}
	if s.policy == "" && cfg.Guard.Policy != "" {
		s.policy = cfg.Path(cfg.Guard.Policy)
	}
	return s, nil
}

// check validates what the flags made of the configuration.
func (f *serveFlags) check(cfg *config.Config) error {
	if problems := cfg.Validate(); len(problems) > 0 {
		p := problems[0]
		return usage(p.Hint, "%s: %s", p.Path, p.Message)
	}
	return nil
}

// loadConfig reads the file that was named, else ./reeve.yaml where it exists, else the defaults.
func loadConfig(path string) (*config.Config, error) {
	if path == "" {
		if _, err := os.Stat(config.FileName); err == nil {
			path = config.FileName
		}
	}
	cfg, err := config.Load(path, os.Environ()...)
	var h interface{ Hint() string }
	if err != nil && !errors.As(err, &h) {
		return nil, usage("`reeve config schema` describes every key", "%w", err)
	}
	if err != nil {
		return nil, usage(h.Hint(), "%w", err)
	}
	return cfg, nil
}
