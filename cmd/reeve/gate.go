package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/gate"
)

// gateFlags are the flags of `reeve gate` and of its commands that look at a target.
type gateFlags struct {
	config, policy, name string
	evidence, keys       []string
	format               string
	sign, output, data   string
	who                  whoFlags
}

func newGate() *cobra.Command {
	f := gateFlags{format: "text"}
	c := &cobra.Command{
		Use:   "gate [TARGET]",
		Short: "Decide whether a model may be released, and sign the verdict",
		Long: `Decide whether a model, a folder or a file, may be released: hold its files, and the signed statements about them,
against the gate policy. Every file is hashed and scanned; statements count only from keys that the policy names, for
exactly these bytes, and while they are young enough. What stands against the model is told with a reason and with what
would make it pass. docs/gate.md explains the policy and every rule.

Without TARGET the models of reeve.yaml (gate.models) are looked at, and the repository is searched for weights that
belong to none of them.

Statements (*.intoto.jsonl) are read in the target, beside it, and below --evidence. --sign writes one verdict for each
target, which names everything that it rests on by digest; ` + "`reeve serve`" + ` admits models by such verdicts.

Exit status: 0 pass · 1 violated · 2 usage or configuration · 3 evidence is missing or stale · 4 integrity broken: a
signature does not verify, or bytes are not those that were signed.`,
		Example: `  reeve gate models/support-bot --evidence evidence/
  reeve gate --format sarif >gate.sarif
  reeve gate models/support-bot --sign release.key -o models/support-bot/gate.intoto.jsonl`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	f.add(c)
	addFormat(c, &f.format, "text", "json", "sarif", "junit", "github")
	fl := c.Flags()
	fl.StringVar(&f.sign, "sign", "", "private key that signs the verdict, as `reeve attest keygen` makes it")
	fl.StringVarP(&f.output, "output", "o", "", "with --sign: file of statements to which the verdict is added")
	fl.StringVar(&f.data, "data", "", "data directory whose custody log records the verdict")
	f.who.add(c)
	c.AddCommand(newGateStatus(), newGateWaive())
	return c
}

// add adds the flags by which targets and evidence are found.
func (f *gateFlags) add(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.config, "config", "", "configuration file (default: ./reeve.yaml where it exists)")
	fl.StringVar(&f.policy, "policy", "", "gate policy (default: gate.policy of the configuration, else the built-in one, which trusts nobody)")
	fl.StringVar(&f.name, "name", "", "name of TARGET in the verdict (default: the last part of its path)")
	fl.StringArrayVar(&f.evidence, "evidence", nil, "further folder or file with statements (may be repeated)")
	fl.StringSliceVar(&f.keys, "key", nil, "further public key that is trusted, for all kinds of statements; the verdict then counts only where the same keys are trusted")
}

// gatePolicy reads the policy and adds the keys of the command line.
func (f *gateFlags) gatePolicy(path string) (*gate.Policy, error) {
	p := gate.Default()
	if path != "" {
		var err error
		if p, err = gate.Load(path); err != nil {
			return nil, &usageError{err, "docs/gate.md explains the file; `reeve init` writes one to begin with"}
		}
	}
	for i, name := range f.keys {
		k, err := attest.ReadPublicKey(name)
		if err != nil {
			return nil, usage("give a public key, as `reeve attest keygen` makes it", "%w", err)
		}
		p = p.Trust(gate.Signer{Name: fmt.Sprintf("key-%d", i+1), Keys: []*attest.PublicKey{k}, May: gate.Kinds()})
	}
	return p, nil
}

func (f *gateFlags) run(c *cobra.Command, args []string) error {
	if (f.sign == "") != (f.output == "") {
		return usage("for example --sign release.key -o gate.intoto.jsonl", "--sign and -o go together")
	}
	var key *attest.PrivateKey
	var by attest.Who
	var err error
	if f.sign != "" {
		if key, err = readSigningKey(f.sign); err != nil {
			return err
		}
		if by, err = f.who.read(c.Context()); err != nil {
			return err
		}
	}
	g, err := f.open(c, args)
	if err != nil {
		return err
	}
	now := time.Now()
	r := gateReport{SchemaVersion: schemaVersion, Policy: g.policy.Digest()}
	for _, t := range g.targets {
		ev, err := g.gather(c.Context(), t)
		if err != nil {
			return err
		}
		r.add(gate.Evaluate(g.policy, ev, now))
	}
	if len(g.ungoverned) > 0 {
		r.add(gate.Ungoverned(g.policy, g.ungoverned, now))
	}
	r.settle()
	if err := r.write(c.OutOrStdout(), f.format); err != nil {
		return err
	}
	for _, result := range r.Targets {
		if err := f.record(c.Context(), g.policy, result, by, key); err != nil {
			return err
		}
	}
	return r.status()
}
