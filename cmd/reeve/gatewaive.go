package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/gate"
	"github.com/reeve-ai/reeve/internal/store"
)

// waiveFlags are the flags of `reeve gate waive`.
type waiveFlags struct {
	gateFlags
	rule, subject, owner, reason, expires string
}

func newGateWaive() *cobra.Command {
	var f waiveFlags
	c := &cobra.Command{
		Use:   "waive TARGET",
		Short: "Answer for one rule that a model does not keep, for a time",
		Long: `Sign a waiver: that somebody answers for one rule that is not kept, for exactly these bytes, until a day. It counts
where the policy lists the signer for waivers. Rules that guard integrity, and those that the policy names, cannot be
waived; nobody waives restricted data for themselves.

Without --subject the waiver is for what the rule stands against in the target now; where that is more than one thing,
they are listed. A changed byte ends it.

Exit status: 0 written · 2 usage, or the waiver would not count · 3 something could not be read.`,
		Example: "  reeve gate waive models/bot --rule evaluation/missing --owner dora --reason 'safety suite is being rebuilt' \\\n    --expires 2027-01-31 --sign alice.key -o evidence/waivers.intoto.jsonl",
		Args:    exactly(1, "a model"),
		RunE:    func(c *cobra.Command, args []string) error { return f.waive(c, args) },
	}
	f.add(c)
	fl := c.Flags()
	fl.StringVar(&f.rule, "rule", "", "the rule, such as evaluation/missing")
	fl.StringVar(&f.subject, "subject", "", "digest of what it is for, as the gate tells it")
	fl.StringVar(&f.owner, "owner", "", "who answers for it")
	fl.StringVar(&f.reason, "reason", "", "why")
	fl.StringVar(&f.expires, "expires", "", "last day, such as 2027-01-31")
	fl.StringVar(&f.sign, "sign", "", "private key that signs, as `reeve attest keygen` makes it")
	fl.StringVarP(&f.output, "output", "o", "", "file of statements to which the waiver is added")
	fl.StringVar(&f.data, "data", "", "data directory whose custody log records the waiver")
	f.who.add(c)
	return c
}

func (f *waiveFlags) waive(c *cobra.Command, args []string) error {
	for _, flag := range []struct{ name, value string }{
		{"--rule", f.rule}, {"--owner", f.owner}, {"--reason", f.reason}, {"--expires", f.expires}, {"--sign", f.sign}, {"-o", f.output},
	} {
		if flag.value == "" {
			return usage("`reeve gate waive --help` shows an example", "%s is missing", flag.name)
		}
	}
	end, err := time.Parse(time.DateOnly, f.expires)
	if err != nil {
		return usage("for example --expires 2027-01-31", "--expires is no day")
	}
	key, err := readSigningKey(f.sign)
	if err != nil {
		return err
	}
	by, err := f.who.read(c.Context())
	if err != nil {
		return err
	}
	g, err := f.open(c, args)
	if err != nil {
		return err
	}
	w := &attest.Waiver{
		Origin: origin(by, attest.Declared), Owner: attest.Who{Name: f.owner, From: "flag"}, Rule: f.rule, Reason: f.reason,
		Expires: end.Add(24 * time.Hour),
	}
	if why := g.policy.Waivable(w, key.Public().ID()); why != "" {
		return usage("`reeve gate` names the rule and what would make it pass", "the waiver would not count: %s", why)
	}
	ev, err := g.gather(c.Context(), g.targets[0])
	if err != nil {
		return err
	}
	subject, err := f.find(gate.Evaluate(g.policy, ev, time.Now()))
	if err != nil {
		return err
	}
	env, err := attest.SignPredicate(w, []attest.Resource{subject}, key)
	if err != nil {
		return usage("", "%w", err)
	}
	if _, err := appendStatement(f.output, env); err != nil {
		return err
	}
	if err := f.tell(c.Context(), env, subject); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "waived %s for %s until %s: %s\n", f.rule, clean(subject.Name), f.expires, env.Digest())
	return err
}

// find is what the waiver is for.
func (f *waiveFlags) find(r *gate.Result) (attest.Resource, error) {
	subjects := map[string]string{} // digest → name
	for _, p := range slices.Concat(r.Violations, r.Missing) {
		if p.Rule == f.rule && p.Subject != "" && (f.subject == "" || f.subject == p.Subject) {
			subjects[p.Subject] = orString(p.Path, r.Target)
		}
	}
	if len(subjects) == 0 {
		return attest.Resource{}, usage("`reeve gate` tells what does", "nothing stands against %s by this rule", clean(r.Target))
	}
	if len(subjects) > 1 {
		var list []string
		for digest, name := range subjects {
			list = append(list, digest+" ("+clean(name)+")")
		}
		slices.Sort(list)
		return attest.Resource{}, usage("name one with --subject: "+strings.Join(list[:min(len(list), 5)], ", "), "the rule stands against %s", counted(len(list), "thing"))
	}
	for digest, name := range subjects {
		algorithm := "rfc6962-sha256"
		if slices.ContainsFunc(r.Files, func(file attest.File) bool { return file.SHA256 == digest }) {
			algorithm = "sha256"
		}
		return attest.Resource{Name: name, Digest: map[string]string{algorithm: digest}}, nil
	}
	return attest.Resource{}, nil
}

// tell leaves word for the custody log. The reason is sealed there.
func (f *waiveFlags) tell(ctx context.Context, env *attest.Envelope, subject attest.Resource) error {
	if f.data == "" {
		return nil
	}
	details := map[string]string{"rule": f.rule, "expires": f.expires, "reason": f.reason, "actor": f.owner}
	for _, digest := range subject.Digest {
		details["digest"] = digest
	}
	return tellAct(ctx, f.data, store.Act{At: time.Now().UTC(), Act: "model.waiver", Subject: "statement:" + env.Digest(), Details: details})
}
