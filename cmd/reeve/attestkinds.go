package main

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
)

// set replaces what a predicate file says where the flag was given.
func set(to *string, flag string) {
	if flag != "" {
		*to = flag
	}
}

// toolOf reads NAME or NAME@VERSION.
func toolOf(s string) attest.Tool {
	name, v, _ := strings.Cut(s, "@")
	return attest.Tool{Name: name, Version: v}
}

// parametersOf reads NAME=VALUE into a table.
func parametersOf(into map[string]string, specs []string) (map[string]string, error) {
	for _, s := range specs {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return nil, usage("NAME=VALUE", "--param %q has no name", s)
		}
		if into == nil {
			into = map[string]string{}
		}
		into[k] = v
	}
	return into, nil
}

func newCreateTraining() *cobra.Command {
	var method, result, code string
	var base, data, config, params []string
	return kindCommand{
		kind: "training", short: "Say how weights came from data: a training, a fine-tune, an adapter",
		example: "  reeve attest create training model/ --method fine-tune --base base/ --data-set clean/ --code . --key signing.key",
		flags: func(c *cobra.Command) {
			fs := c.Flags()
			fs.StringVar(&method, "method", "", "training, fine-tune, adapter …")
			fs.StringVar(&result, "result", "", "succeeded, failed or unknown (default: succeeded)")
			fs.StringArrayVar(&base, "base", nil, "model that it began with (may be repeated)")
			fs.StringArrayVar(&data, "data-set", nil, "data set that it learned from (may be repeated)")
			fs.StringArrayVar(&config, "config", nil, "configuration file (may be repeated)")
			fs.StringVar(&code, "code", "", "folder of the code: its git commit is noted")
			fs.StringArrayVar(&params, "param", nil, "NAME=VALUE (may be repeated)")
		},
		fill: func(ctx context.Context, p attest.Predicate) (err error) {
			t := p.(*attest.Training)
			set(&t.Method, method)
			if set(&t.Result, result); t.Result == "" {
				t.Result = attest.Succeeded
			}
			for _, list := range []struct {
				flag  string
				specs []string
				to    *[]attest.Material
			}{{"base", base, &t.Base}, {"data-set", data, &t.DataSets}, {"config", config, &t.Configuration}} {
				more, err := materials(ctx, list.flag, list.specs)
				if err != nil {
					return err
				}
				*list.to = append(*list.to, more...)
			}
			if code != "" {
				if t.Code = lineage.Code(ctx, code); t.Code == nil {
					return usage("give a folder under git, or leave --code out", "--code %s has no commit", code)
				}
			}
			t.Parameters, err = parametersOf(t.Parameters, params)
			return err
		},
	}.command()
}

func newCreateConversion() *cobra.Command {
	var method, converter, format, encoding string
	var inputs, params []string
	return kindCommand{
		kind: "conversion", short: "Say that a model was converted or quantised",
		example: "  reeve attest create conversion model.gguf --method quantization --converter llama-quantize@b4321 --encoding Q4_K_M --input model/ --key signing.key",
		flags: func(c *cobra.Command) {
			fs := c.Flags()
			fs.Var(formatFlag{&method, []string{"conversion", "quantization"}}, "method", "what was done")
			fs.StringVar(&converter, "converter", "", "program that did it, NAME or NAME@VERSION")
			fs.StringVar(&format, "to", "", "format that came out, such as gguf")
			fs.StringVar(&encoding, "encoding", "", "of the numbers that came out, such as Q4_K_M")
			fs.StringArrayVar(&inputs, "input", nil, "model that went in, or another file such as an importance matrix (may be repeated)")
			fs.StringArrayVar(&params, "param", nil, "NAME=VALUE (may be repeated)")
		},
		fill: func(ctx context.Context, p attest.Predicate) error {
			t := p.(*attest.Conversion)
			set(&t.Method, method)
			set(&t.Format, format)
			set(&t.Encoding, encoding)
			if converter != "" {
				t.Converter = toolOf(converter)
			}
			more, err := materials(ctx, "input", inputs)
			if err != nil {
				return err
			}
			t.Inputs = append(t.Inputs, more...)
			t.Parameters, err = parametersOf(t.Parameters, params)
			return err
		},
	}.command()
}

func newCreateMerge() *cobra.Command {
	var method, merger string
	var inputs, weights, params []string
	return kindCommand{
		kind: "merge", short: "Say that models were merged into one",
		example: "  reeve attest create merge merged/ --method linear --input a/ --weight 0.6 --input b/ --weight 0.4 --key signing.key",
		flags: func(c *cobra.Command) {
			fs := c.Flags()
			fs.StringVar(&method, "method", "", "linear, slerp, ties, dare, adapter …")
			fs.StringVar(&merger, "merger", "", "program that did it, NAME or NAME@VERSION")
			fs.StringArrayVar(&inputs, "input", nil, "model that went in (repeat it)")
			fs.StringArrayVar(&weights, "weight", nil, "share of the input at the same place (may be left out for all)")
			fs.StringArrayVar(&params, "param", nil, "NAME=VALUE (may be repeated)")
		},
		fill: func(ctx context.Context, p attest.Predicate) error {
			t := p.(*attest.Merge)
			set(&t.Method, method)
			if merger != "" {
				t.Merger = toolOf(merger)
			}
			if len(weights) > 0 && len(weights) != len(inputs) {
				return usage("give one --weight for each --input", "%s for %s", counted(len(weights), "weight"), counted(len(inputs), "input"))
			}
			all, err := materials(ctx, "input", inputs)
			if err != nil {
				return err
			}
			for i, m := range all {
				in := attest.MergeInput{Material: m}
				if len(weights) > 0 {
					w, err := strconv.ParseFloat(weights[i], 64)
					if err != nil {
						return usage("a number such as 0.5", "--weight %q is no number", weights[i])
					}
					in.Weight = &w
				}
				t.Inputs = append(t.Inputs, in)
			}
			t.Parameters, err = parametersOf(t.Parameters, params)
			return err
		},
	}.command()
}

func newCreateEvaluation() *cobra.Command {
	var suite, data string
	var metrics, params []string
	return kindCommand{
		kind: "evaluation", short: "Say how a model did in a suite of tests",
		example: "  reeve attest create evaluation model/ --suite house@3 --data-set test.jsonl --metric accuracy=0.91,n=500,threshold=0.85,better=higher --key signing.key",
		flags: func(c *cobra.Command) {
			fs := c.Flags()
			fs.StringVar(&suite, "suite", "", "set of tests, NAME or NAME@VERSION")
			fs.StringVar(&data, "data-set", "", "data that was measured on")
			fs.StringArrayVar(&metrics, "metric", nil, "NAME=VALUE[,n=N][,low=L,high=H,confidence=C][,threshold=T,better=higher|lower][,slice=S][,unit=U] (may be repeated)")
			fs.StringArrayVar(&params, "param", nil, "NAME=VALUE (may be repeated)")
		},
		fill: func(ctx context.Context, p attest.Predicate) error {
			t := p.(*attest.Evaluation)
			if suite != "" {
				named := toolOf(suite)
				t.Suite.Name, t.Suite.Version = named.Name, named.Version
			}
			if data != "" {
				m, err := materialOf(ctx, "data-set", data)
				if err != nil {
					return err
				}
				t.DataSet = &m
			}
			for _, s := range metrics {
				m, err := metricOf(s)
				if err != nil {
					return err
				}
				t.Metrics = append(t.Metrics, m)
			}
			var err error
			t.Parameters, err = parametersOf(t.Parameters, params)
			return err
		},
	}.command()
}

// metricOf reads NAME=VALUE and what is known of it, with commas.
func metricOf(s string) (m attest.Metric, err error) {
	const hint = "for example --metric accuracy=0.91,n=500,threshold=0.85,better=higher"
	for i, part := range strings.Split(s, ",") {
		k, v, ok := strings.Cut(part, "=")
		if !ok || k == "" {
			return m, usage(hint, "--metric %q: %q is no NAME=VALUE", s, part)
		}
		number, numberErr := strconv.ParseFloat(v, 64)
		switch {
		case i == 0:
			m.Name, m.Value, err = k, number, numberErr
		case k == "n":
			var n int64
			n, err = strconv.ParseInt(v, 10, 64)
			m.N = &n
		case k == "low":
			m.Low, err = &number, numberErr
		case k == "high":
			m.High, err = &number, numberErr
		case k == "confidence":
			m.Confidence, err = &number, numberErr
		case k == "threshold":
			m.Threshold, err = &number, numberErr
		case k == "better":
			m.Better = v
		case k == "slice":
			m.Slice = v
		case k == "unit":
			m.Unit = v
		default:
			return m, usage(hint, "--metric %q: %q is unknown", s, k)
		}
		if err != nil {
			return m, usage(hint, "--metric %q: %q is no number", s, v)
		}
	}
	return m, nil
}

func newCreateApproval() *cobra.Command {
	var decision, reason, expires string
	var looked, uses []string
	return kindCommand{
		kind: "approval", short: "Say that a person approved or rejected a model",
		example: "  reeve attest create approval model/ --decision approved --role owner --reason 'evaluation read' --looked-at model/evaluation.intoto.jsonl --expires 180d --key ada.key",
		flags: func(c *cobra.Command) {
			fs := c.Flags()
			fs.Var(formatFlag{&decision, []string{attest.Approved, attest.Rejected}}, "decision", "what was decided")
			fs.StringVar(&reason, "reason", "", "why")
			fs.StringVar(&expires, "expires", "", "last day, time, or span such as 180d (default: never)")
			fs.StringArrayVar(&looked, "looked-at", nil, "file that the decision rests on; of statements, their payloads are noted (may be repeated)")
			fs.StringArrayVar(&uses, "for", nil, "use that it is for (may be repeated; default: any)")
		},
		fill: func(ctx context.Context, p attest.Predicate) (err error) {
			t := p.(*attest.Approval)
			set(&t.Decision, decision)
			set(&t.Reason, reason)
			if t.Expires, err = expiry(t.Expires, expires); err != nil {
				return err
			}
			t.For = append(t.For, uses...)
			for _, path := range looked {
				more, err := lookedAt(ctx, path)
				if err != nil {
					return err
				}
				t.LookedAt = append(t.LookedAt, more...)
			}
			return nil
		},
	}.command()
}

func expiry(was time.Time, flag string) (time.Time, error) {
	if flag == "" {
		return was, nil
	}
	return readTime(flag, time.Now())
}

// lookedAt are the statements in a file of statements, by their payloads, or the file or folder itself.
func lookedAt(ctx context.Context, path string) ([]attest.Material, error) {
	if !strings.HasSuffix(path, ".intoto.jsonl") {
		return materials(ctx, "looked-at", []string{path})
	}
	all, err := readStatements(path)
	if err != nil {
		return nil, err
	}
	var out []attest.Material
	for _, e := range all {
		out = append(out, attest.Material{Name: filepath.Base(path), Digest: map[string]string{"sha256": e.Digest()}, Grade: attest.Verified})
	}
	return out, nil
}

func newCreateWaiver() *cobra.Command {
	var owner, ownerRole, rule, reason, expires string
	var scope []string
	return kindCommand{
		kind: "waiver", short: "Say that somebody answers for a rule that is not kept, for a time",
		example: "  reeve attest create waiver model/ --rule gate/evaluation --owner 'Ada Lovelace' --reason 'suite is being built' --expires 30d --key ada.key",
		flags: func(c *cobra.Command) {
			fs := c.Flags()
			fs.StringVar(&owner, "owner", "", "who answers for it (default: --by)")
			fs.StringVar(&ownerRole, "owner-role", "", "role of who answers for it")
			fs.StringVar(&rule, "rule", "", "id of the one rule that is waived")
			fs.StringVar(&reason, "reason", "", "why")
			fs.StringVar(&expires, "expires", "", "last day, time, or span such as 30d")
			fs.StringArrayVar(&scope, "scope", nil, "file of PATH that it is limited to (may be repeated; default: all)")
		},
		fill: func(_ context.Context, p attest.Predicate) (err error) {
			t := p.(*attest.Waiver)
			switch {
			case owner != "":
				t.Owner = attest.Who{Name: owner, Role: ownerRole, From: "flag"}
			case t.Owner.Name == "":
				t.Owner = t.By
			}
			set(&t.Rule, rule)
			set(&t.Reason, reason)
			t.Scope = slices.Concat(t.Scope, scope)
			t.Expires, err = expiry(t.Expires, expires)
			return err
		},
	}.command()
}
