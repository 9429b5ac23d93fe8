package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/demo"
)

// Two models that are served by their files, for the steps about the gate and admission: in mode enforce, so that only
// what passed the gate answers.
const (
	releasedRaw   = "release-raw"
	releasedClean = "release-clean"
)

// demoPolicy is the gate's policy in the demo: the defaults but for what a model of counted words has not got.
const demoPolicy = `version: 1
signers:
  - {name: demo, keys: [signing.key.pub], may: [dataset-audit, training, gate-verdict]}
origin: {grade: declared}
scan: {again: true, statement: false}
data: {findings: {critical: 0, high: 0}}
licence: {required: false}
`

// weights is where a model lies as a file.
func (d *demoRun) weights(name string) string {
	return filepath.Join(d.dir, "models", name, demo.WeightsName)
}

// release writes both models to files and serves each by a runtime of its own, which reads it from there.
func (d *demoRun) release(ctx context.Context) (upstreams []config.Upstream, err error) {
	for _, m := range []struct {
		name  string
		model *demo.Model
	}{{releasedRaw, d.raw}, {releasedClean, d.clean}} {
		path := d.weights(m.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("write demo model: %w", err)
		}
		if err := m.model.Save(path); err != nil {
			return nil, err
		}
		loaded, err := demo.Open(path)
		if err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("listen for the demo model: %w", err)
		}
		runtime := &http.Server{Handler: demo.Server(loaded, demo.WithModel(m.name, loaded)), ReadHeaderTimeout: 5 * time.Second}
		go func() { _ = runtime.Serve(l) }()
		context.AfterFunc(ctx, func() { _ = runtime.Close() })
		upstreams = append(upstreams, config.Upstream{
			Name: m.name, URL: "http://" + l.Addr().String(), Dialect: "ollama",
			// the runtime is this process, which is older than the file: that it has read it is seen above
			Runtime: config.Runtime{Kind: "llamacpp", Paths: []string{path}, Unproven: "accept"},
		})
	}
	if err := os.MkdirAll(filepath.Join(d.dir, "verdicts"), 0o700); err != nil {
		return nil, fmt.Errorf("make folder of verdicts: %w", err)
	}
	return upstreams, os.WriteFile(filepath.Join(d.dir, "gate.yaml"), []byte(demoPolicy), 0o600)
}

// evidence signs for data and training of a model.
func (d *demoRun) evidence(step, model, data string, scanned int) error {
	key, dir := filepath.Join(d.dir, "signing.key"), filepath.Join(d.dir, "evidence", model)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	if _, err := d.command(step, scanned, "scan", "-q", "--no-cache", "--summary", "--statement", filepath.Join(dir, "data.intoto.jsonl"), "--sign-key", key, data); err != nil {
		return err
	}
	_, err := d.command(step, exitClean, "attest", "create", "training", filepath.Dir(d.weights(model)), "--method", "training",
		"--data-set", data, "--by", "demo", "--key", key, "-o", filepath.Join(dir, "training.intoto.jsonl"))
	return err
}

// gated asks the gate about a model.
func (d *demoRun) gated(step, model string, code int, more ...string) (string, error) {
	return d.command(step, code, append([]string{
		"gate", filepath.Dir(d.weights(model)), "--policy", filepath.Join(d.dir, "gate.yaml"),
		"--evidence", filepath.Join(d.dir, "evidence", model),
	}, more...)...)
}

// showRefusedByGate has the gate judge the model that was trained on the data as it is.
func (d *demoRun) showRefusedByGate(context.Context) error {
	const step = "gate of the model from raw data"
	raw := filepath.Join(d.dir, "raw")
	if err := os.MkdirAll(raw, 0o700); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(d.dir, "sample", "*.jsonl"))
	if err != nil || len(names) == 0 {
		return failed(step, "the sample is not there")
	}
	for _, name := range names {
		if err := copyFile(name, filepath.Join(raw, filepath.Base(name))); err != nil {
			return fmt.Errorf("copy the sample: %w", err)
		}
	}
	if err := d.evidence(step, releasedRaw, raw, exitFindings); err != nil {
		return err
	}
	told, err := d.gated(step, releasedRaw, exitFindings)
	if err != nil {
		return err
	}
	if !strings.Contains(told, "violated") || !strings.Contains(told, ": fail") {
		return failed(step, "it is not refused with a reason")
	}
	d.tell("The gate, and the model from raw data", told,
		"what was found in its data keeps a model from release, with reasons and what would make it pass",
		"reeve gate $D/models/"+releasedRaw+" --policy $D/gate.yaml --evidence $D/evidence/"+releasedRaw)
	return nil
}

// showPassed has the gate judge the model that was trained on the cleaned data, and sign its verdict.
func (d *demoRun) showPassed(context.Context) error {
	const step = "gate of the model from cleaned data"
	if err := d.evidence(step, releasedClean, filepath.Join(d.dir, "clean"), exitClean); err != nil {
		return err
	}
	verdicts := filepath.Join(d.dir, "verdicts")
	told, err := d.gated(step, releasedClean, exitClean, "--sign", filepath.Join(d.dir, "signing.key"), "--by", "demo", "-o", filepath.Join(verdicts, releasedClean+".intoto.jsonl"))
	if err != nil {
		return err
	}
	if !strings.Contains(told, ": pass") {
		return failed(step, "it does not pass")
	}
	d.tell("The gate, and the model from cleaned data", told,
		"a signed verdict names every file of the model and all the evidence that it rests on",
		"reeve gate $D/models/"+releasedClean+" --policy $D/gate.yaml --evidence $D/evidence/"+releasedClean)
	return nil
}

// admitted shows that the gateway serves what the gate let pass, nothing else, and not when a byte has changed.
func (d *demoRun) admitted(ctx context.Context) error {
	const step = "admission"
	d.srv.admission.Round(ctx)
	raw, err := d.visit(ctx, d.key, releasedRaw, demo.AskHarmless, "")
	if err != nil {
		return err
	}
	clean, err := d.visit(ctx, d.key, releasedClean, demo.AskHarmless, "")
	if err != nil {
		return err
	}
	if raw.status != http.StatusForbidden || !strings.HasPrefix(raw.rule, "admission/") {
		return failed(step, "a model that did not pass the gate is served")
	}
	if clean.status != http.StatusOK {
		return failed(step, "the model that passed the gate is not served: "+clean.reason)
	}
	at, err := flipByte(d.weights(releasedClean))
	if err != nil {
		return err
	}
	changed, err := d.visit(ctx, d.key, releasedClean, demo.AskHarmless, "")
	if err != nil {
		return err
	}
	if changed.status != http.StatusForbidden || !strings.HasPrefix(changed.rule, "admission/") {
		return failed(step, "a changed byte is not noticed")
	}
	d.tell("The gateway serves only what passed the gate",
		fmt.Sprintf("1. %s: %s\n2. %s: %s\n3. byte %d of its file is changed; %s: %s", releasedRaw, raw, releasedClean, clean, at, releasedClean, changed),
		"no model without a verdict answers, and not one byte of it can be another",
		"reeve admission status --data $D/data")
	return nil
}

// flipByte changes a byte in the middle of a file.
func flipByte(path string) (int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	var b [1]byte
	at := info.Size() / 2
	if _, err = f.ReadAt(b[:], at); err == nil {
		_, err = f.WriteAt([]byte{b[0] ^ 1}, at)
	}
	return at, err
}
