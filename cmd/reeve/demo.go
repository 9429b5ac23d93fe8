package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/demo"
	"github.com/reeve-ai/reeve/internal/identity"
)

func newDemo() *cobra.Command {
	var dir string
	var once bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole chain offline: data set, model, gateway, custody",
		Long: `Run the whole chain in one process, offline: scan a shipped sample of support conversations (invented people,
planted data), redact it and sign for it, train a small language model on both, have the gate refuse one and pass the
other, put them behind the governed gateway, which serves only what passed, talk to it, verify the custody log, prove one
exchange, see that one flipped byte is noticed, export all that is held about a person and forget them. Gateway, log and
console stay open until Ctrl-C; a link that is good once signs in to the console, on the exchanges that were made.

Exit status: 0 every step showed what it claims · 3 a step did not · 130 interrupted before the end.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runDemo(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), dir, once)
		},
	}
	c.Flags().StringVar(&dir, "data", "", "directory to keep everything in (default: a new one in the temporary folder)")
	c.Flags().BoolVar(&once, "once", false, "end after the last step; the first page of the console is only looked at")
	return c
}

// demoSteps is how many steps there are.
const demoSteps = 19

// cleanModel is the name of the model that was trained on the redacted sample.
const cleanModel = demo.ModelName + "-clean"

// demoRun is one run of the demo: what the steps share.
type demoRun struct {
	w     io.Writer
	dir   string
	convs []demo.Conversation
	raw   *demo.Model // trained on the sample as it is
	clean *demo.Model // trained on the redacted sample
	srv   *server
	model string // URL of the model's own server
	url   string // of the gateway
	key   string
	asked string // id of the exchange with the masked answer
	ada   string // key of somebody with a clearance
	step  int
}

func runDemo(ctx context.Context, out, diagnostics io.Writer, dir string, once bool) (err error) {
	d := &demoRun{w: out, dir: dir}
	if dir == "" {
		if d.dir, err = os.MkdirTemp("", "reeve-demo-"); err != nil {
			return fmt.Errorf("make demo directory: %w", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fmt.Fprintf(out, "reeve demo: everything happens in this process and in %s; nothing leaves this machine.\n", d.dir)
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.open(ctx, diagnostics); err != nil {
		return err
	}
	fmt.Fprintf(out, "The commands by hand use these:  D=%s M=%s G=%s K=%s\n", d.dir, d.model, d.url, d.key)
	ended := make(chan error, 1)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() { ended <- d.srv.run(serving) }()
	err = d.talk(ctx)
	var link string
	if err == nil {
		link, err = d.console(ctx)
	}
	switch {
	case err == nil && once:
		if err = d.firstPage(ctx, link); err == nil {
			fmt.Fprintf(out, "\nThe console showed the exchanges on its first page. Without --once it stays open.\n")
		}
	case err == nil:
		d.invite(link)
		inBrowser(ctx, link)
		<-ctx.Done()
	}
	stop()
	return errors.Join(err, <-ended, d.srv.close())
}

// open puts the model behind the gateway, with the same wiring as `reeve serve`.
func (d *demoRun) open(ctx context.Context, diagnostics io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the demo model: %w", err)
	}
	d.model = "http://" + l.Addr().String()
	models := demo.Server(d.raw, demo.WithModel(cleanModel, d.clean), demo.WithPace(4*time.Millisecond))
	runtime := &http.Server{Handler: models, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = runtime.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = runtime.Close() })

	cfg := config.Default()
	cfg.Gateway.Listen, cfg.Gateway.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Gateway.Upstreams = []config.Upstream{{Name: "demo", URL: d.model, Dialect: "ollama"}}
	released, err := d.release(ctx)
	if err != nil {
		return err
	}
	cfg.Gateway.Upstreams = append(cfg.Gateway.Upstreams, released...)
	cfg.Gateway.Models = demoModels()
	for _, u := range released {
		cfg.Gateway.Models = append(cfg.Gateway.Models, config.Model{Name: u.Name, Upstream: u.Name, Admission: "enforce"})
	}
	cfg.Admission.Policy, cfg.Admission.Verdicts = filepath.Join(d.dir, "gate.yaml"), []string{filepath.Join(d.dir, "verdicts")}
	set := &settings{Config: cfg, data: filepath.Join(d.dir, "data")}
	if d.srv, err = openServer(ctx, set, &quiet{w: diagnostics}); err != nil {
		return err
	}
	d.url = "http://" + d.srv.callers.Addr().String()
	_, d.key, err = d.srv.keys.Create(ctx, identity.NewKey{Name: "demo"})
	return err
}

// quiet swallows what a server says at its start, which the demo tells in its own words.
type quiet struct{ w io.Writer }

func (q *quiet) Write(p []byte) (int, error) {
	if len(p) > 0 && p[0] == '{' { // diagnostics are JSON
		return q.w.Write(p)
	}
	return len(p), nil
}

// talk walks the steps that need the models.
func (d *demoRun) talk(ctx context.Context) error {
	return d.walk(ctx, d.showRaw, d.showClean, d.showRefusedByGate, d.showPassed, d.admitted, d.harmless, d.masked, d.refused, d.streamed, d.cleared, d.rising, d.verify, d.prove, d.tamper, d.person, d.erased)
}

// prepare walks the steps before there is a model to ask: the data set is looked at, redacted and signed for.
func (d *demoRun) prepare(ctx context.Context) (err error) {
	if d.convs, err = demo.Load(); err != nil {
		return err
	}
	d.raw = demo.Train(d.convs)
	return d.walk(ctx, d.showData, d.showRedacted, d.showSigned)
}

func (d *demoRun) walk(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tell prints one step: what was done, what it proves and how to repeat it.
func (d *demoRun) tell(title, did, proves, byHand string) {
	d.step++
	fmt.Fprintf(d.w, "\n[%d/%d] %s\n%s\n", d.step, demoSteps, title, indent(did))
	fmt.Fprintf(d.w, "      proves:  %s\n", proves)
	fmt.Fprintf(d.w, "      by hand: %s\n", byHand)
}

func (d *demoRun) invite(link string) {
	fmt.Fprintf(d.w, `
See it all in the console, with a link that is good once:
  %s
The gateway stays open at %s until Ctrl-C, with the key %s
Ask it something:
  curl -s %s/v1/chat/completions -H 'Authorization: Bearer %s' -d '%s'
Verify its log meanwhile:
  reeve custody verify %s
And for a real model:
  reeve serve --upstream http://127.0.0.1:11434
`, link, d.url, d.key, d.url, d.key, body(demo.ModelName, demo.AskAccount, false), filepath.Join(d.dir, "data"))
}
