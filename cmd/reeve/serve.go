package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const defaultData = "reeve-data"

// serveFlags are what the command line may say; everything else stands in the configuration file.
type serveFlags struct {
	data, config             string
	policy, access           string
	listen, adminListen      string
	upstream, dialect        string
	rootKey                  string
	tlsMode, tlsCert, tlsKey string
	insecure                 bool
}

func newServe() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Put keys, rules, guards and custody before a model runtime",
		Long: `Put keys, rules, guards and custody before an Ollama, llama.cpp or vLLM that already runs.

Without a configuration file it listens on 127.0.0.1:8400, keeps its state in ./reeve-data and prints one
administrator's key once. ./reeve.yaml is read where it exists. SIGHUP, or a change of the file, puts new
guard and access policies in force without a failed request; a bad file never replaces a good one.

Exit status: 0 ended by a signal · 2 usage or configuration · 3 cannot start or serve · 4 the custody log is damaged.`,
		Example: `  reeve serve --upstream http://127.0.0.1:11434
  reeve serve --config reeve.yaml`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := f.load(c)
			if err != nil {
				return err
			}
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercent)
			}
			s, err := openServer(c.Context(), cfg, c.ErrOrStderr())
			if err != nil {
				return err
			}
			giveBack() // compiling policies leaves many times what they take
			return firstError(s.run(c.Context()), s.close())
		},
	}
	f.add(c.Flags())
	return c
}

// add makes the flags.
func (f *serveFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.data, "data", defaultData, "data directory")
	fs.StringVar(&f.config, "config", "", "configuration file (default: ./reeve.yaml where it exists)")
	fs.StringVar(&f.policy, "policy", "", "guard policy (default: guard.policy of the configuration, else the one that ships)")
	fs.StringVar(&f.access, "access", "", "folder of access policies (default: access.policies of the configuration, else those that ship)")
	fs.StringVar(&f.listen, "listen", "", "address for callers (default 127.0.0.1:8400)")
	fs.StringVar(&f.adminListen, "admin-listen", "", "address for health and metrics (default 127.0.0.1:8401)")
	fs.StringVar(&f.upstream, "upstream", "", "runtime to govern, such as http://127.0.0.1:11434")
	fs.StringVar(&f.dialect, "dialect", "", "what the runtime speaks: ollama (serves /v1 too) or openai (default ollama)")
	fs.StringVar(&f.rootKey, "root-key", "", rootKeyHelp)
	fs.StringVar(&f.tlsMode, "tls", "", "off, local (own certificate authority in the data directory), files or acme")
	fs.StringVar(&f.tlsCert, "tls-cert", "", "certificate file; reloaded when it changes")
	fs.StringVar(&f.tlsKey, "tls-key", "", "key file of the certificate")
	fs.BoolVar(&f.insecure, "insecure", false, "allow plaintext beyond loopback; this is recorded")
}

// gcPercent trades memory for CPU: the live heap is a few megabytes, so that even three times as much is little, and the
// collector runs a third as often. GOGC overrides it.
const gcPercent = 300

func (s *server) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, len(s.loops))
	for _, loop := range s.loops {
		go func() { failed <- loop(ctx) }()
	}
	var first error
	for range s.loops {
		if err := <-failed; err != nil && first == nil {
			first = fmt.Errorf("serve: %w", err)
		}
		cancel() // one that ends takes the others with it
	}
	return first
}
