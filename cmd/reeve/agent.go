package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// agentFlags are what an agent needs to know; it has no configuration file and no data directory.
type agentFlags struct {
	listen, upstream string
	runtime          config.Runtime
}

func newAgent() *cobra.Command {
	var f agentFlags
	c := &cobra.Command{
		Use:   "agent",
		Short: "Measure the models of a runtime on this host for a gateway on another one",
		Long: `Measure the models of a runtime on this host for a gateway on another one: which files the runtime loads, their
digests, and whether anything has changed. It runs as the runtime's user, and gateway and agent show each other certificates.
It decides nothing and changes nothing, but that it has Ollama unload a model whose files it has not seen it load.

Exit status: 0 ended by a signal · 2 usage · 3 cannot start.`,
		Example: `  reeve agent certificates certs --name gpu1.example.org
  reeve agent --listen :8410 --kind ollama --models /usr/share/ollama/.ollama/models --upstream http://127.0.0.1:11434 \
    --cert certs/agent.pem --key certs/agent.key --ca certs/ca.pem`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	fl := c.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8410", "address for the gateway")
	fl.StringVar(&f.upstream, "upstream", "http://127.0.0.1:11434", "address of the runtime")
	fl.StringVar(&f.runtime.Kind, "kind", "", "kind of the runtime: ollama, llamacpp or vllm")
	fl.StringVar(&f.runtime.Models, "models", "", "folder of Ollama's models")
	fl.StringArrayVar(&f.runtime.Paths, "path", nil, "file or folder that llama.cpp or vLLM has loaded (may be repeated)")
	fl.StringVar(&f.runtime.Unproven, "unproven", "refuse", "where it cannot be known that the runtime read its files after their last change: refuse or accept")
	fl.StringVar(&f.runtime.Cert, "cert", "", "PEM file with the certificate of this agent")
	fl.StringVar(&f.runtime.Key, "key", "", "PEM file with its key")
	fl.StringVar(&f.runtime.CA, "ca", "", "PEM file with the authority of the gateway's certificate")
	c.AddCommand(newAgentCertificates())
	return c
}

func newAgentCertificates() *cobra.Command {
	var names []string
	c := &cobra.Command{
		Use:     "certificates FOLDER --name HOST",
		Short:   "Make the certificates of an agent and of its gateway",
		Long:    "Make the certificates of an agent and of its gateway, for a year, by an authority that signs these two and never another.\n\nExit status: 0 made · 2 usage · 3 they cannot be written.",
		Example: `  reeve agent certificates certs --name gpu1.example.org --name 192.0.2.7`,
		Args:    exactly(1, "a folder that is not there yet"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(names) == 0 {
				return usage("--name is the host name or address by which the gateway reaches the agent", "no --name is given")
			}
			if err := admission.MakeCertificates(args[0], names, time.Now()); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "%[1]s: ca.pem for both; agent.pem and agent.key for the agent; gateway.pem and gateway.key for the gateway\n", args[0])
			return err
		},
	}
	c.Flags().StringArrayVar(&names, "name", nil, "host name or address of the agent (may be repeated)")
	return c
}

func (f *agentFlags) run(c *cobra.Command) error {
	if f.runtime.Cert == "" || f.runtime.Key == "" || f.runtime.CA == "" {
		return usage("`reeve agent certificates` makes them", "an agent needs --cert, --key and --ca")
	}
	ends, err := admission.TLS(f.runtime.Cert, f.runtime.Key, f.runtime.CA)
	if err != nil {
		return usage("`reeve agent certificates` makes them", "%w", err)
	}
	client, err := upstream.NewClient(upstream.Options{URL: f.upstream})
	if err != nil {
		return usage("such as http://127.0.0.1:11434", "--upstream: %w", err)
	}
	defer client.Close()
	log := slog.New(slog.NewJSONHandler(c.ErrOrStderr(), nil))
	local, err := f.measure(client)
	if err != nil {
		return err
	}
	defer local.Close()
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen for the gateway: %w", err)
	}
	srv := &http.Server{Handler: admission.NewAgent(f.runtime.Kind, local, nil), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	fmt.Fprintf(c.ErrOrStderr(), "reeve: agent for a gateway on https://%s\n", l.Addr())
	stop := context.AfterFunc(c.Context(), func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(tls.NewListener(l, ends)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the gateway: %w", err)
	}
	return nil
}

// measure is what the agent tells of.
func (f *agentFlags) measure(client *upstream.Client) (*admission.Local, error) {
	r := &f.runtime
	if r.Kind == "ollama" && r.Models == "" || (r.Kind == "llamacpp" || r.Kind == "vllm") && len(r.Paths) == 0 {
		return nil, usage("--models for ollama, --path for llamacpp and vllm", "it is not said where the runtime's files are")
	}
	var places []string
	for _, p := range append([]string{r.Models}, r.Paths...) {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("find model files: %w", err)
		}
		places = append(places, abs)
	}
	runtime, process := runtimeOf(r, client, places[0], places[1:])
	if runtime == nil {
		return nil, usage("ollama, llamacpp or vllm", "--kind %q is no kind of runtime", r.Kind)
	}
	return admission.NewLocal(admission.LocalOptions{Runtime: runtime, Process: process})
}
