package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/gateway"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/tlog"
	"github.com/reeve-ai/reeve/internal/witness"
)

// witnessFlags are the flags of the witness.
type witnessFlags struct {
	listen, data, name, cert, key string
	logs                          []string
	url                           string
	insecure, print               bool
}

func newCustodyWitness() *cobra.Command {
	f := witnessFlags{listen: "127.0.0.1:8410", data: "witness-data"}
	c := &cobra.Command{
		Use:   "witness",
		Short: "Run a small witness for logs on other hosts",
		Long: `Cosign the checkpoints of logs (C2SP tlog-witness), each only if its tree grew out of the one cosigned before.
So a log that goes back, or shows different histories to different readers, gets no cosignature: the one thing
that no log can tell about itself. Run it on another host, under another administrator.

It signs with two keys of its own, Ed25519 (cosignature/v1) and ML-DSA-44, made at the first start and kept in
the data directory together with what it has cosigned. Keep that directory: a witness that forgets would
cosign an older tree. With --print it only prints a C2SP tlog-policy file with its keys and those of the logs:
give it to reeve serve (custody.witnesses.policy) and to whoever verifies.

Exit status: 0 stopped · 2 usage · 3 the directory or the address cannot be used.`,
		Example: `  reeve custody witness --name witness.example/w1 --log log.pub --listen :8410 --tls-cert c.pem --tls-key k.pem`,
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	fs := c.Flags()
	fs.StringVar(&f.listen, "listen", f.listen, "address to listen on; beyond loopback it needs a certificate")
	fs.StringVar(&f.data, "data", f.data, "directory of keys and state")
	fs.StringVar(&f.name, "name", "", "name of the witness in its signatures, such as witness.example/w1")
	fs.StringArrayVar(&f.logs, "log", nil, "verifier key of a log, or its file log.pub; may be repeated")
	fs.StringVar(&f.cert, "tls-cert", "", "certificate file; reloaded when it changes")
	fs.StringVar(&f.key, "tls-key", "", "key file of the certificate")
	fs.BoolVar(&f.print, "print", false, "print a tlog-policy with this witness and the logs, and end")
	fs.StringVar(&f.url, "url", "", "address of the witness in what --print prints")
	fs.BoolVar(&f.insecure, "insecure", false, "allow plaintext beyond loopback")
	return c
}

func (f *witnessFlags) run(c *cobra.Command) error {
	ctx, log := c.Context(), slog.New(slog.NewJSONHandler(c.ErrOrStderr(), nil))
	if f.name == "" || len(f.logs) == 0 {
		return usage("a witness needs a --name and at least one --log", "no name or no log")
	}
	logs, err := f.keys()
	if err != nil {
		return err
	}
	signers, err := witnessSigners(f.data, f.name)
	if err != nil {
		return err
	}
	if f.print {
		return f.policy(c.OutOrStdout(), logs, signers)
	}
	s, err := witness.Open(witness.Options{Dir: f.data, Logs: logs, Signers: signers, Told: func(e witness.Event) {
		log.Info("checkpoint", "origin", e.Origin, "old", e.Old, "size", e.Size, "status", e.Code)
	}})
	if errors.Is(err, witness.ErrInUse) {
		return usage("stop the other witness, or give another --data", "%w", err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	o := gateway.ListenOptions{Addr: f.listen, Insecure: f.insecure, ReadHeader: 10 * time.Second, IdleConn: time.Minute, Log: log}
	if f.cert != "" || f.key != "" {
		certs, err := identity.FileTLS(f.cert, f.key, nil, log)
		if err != nil {
			return err
		}
		o.TLS = certs.Config()
	}
	l, err := gateway.Listen(o)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	log.Info("witnessing", "address", l.Addr().String(), "logs", len(logs))
	return gateway.Serve(ctx, l, s, o, 5*time.Second)
}

// policy prints a policy that trusts the logs where this witness has cosigned.
func (f *witnessFlags) policy(w io.Writer, logs []*tlog.Key, signers []*tlog.Signer) error {
	var b strings.Builder
	for _, k := range logs {
		fmt.Fprintf(&b, "log %s\n", k)
	}
	word := strings.Map(wordRune, f.name)
	group := "group " + word + " any"
	for _, s := range signers {
		name := word + "-ed25519"
		if s.Key().Algorithm == tlog.MLDSA44 {
			name = word + "-mldsa44"
		}
		group += " " + name
		b.WriteString(strings.TrimSpace(fmt.Sprintf("witness %s %s %s", name, s.Key(), f.url)) + "\n")
	}
	fmt.Fprintf(&b, "%s\nquorum %s\n", group, word)
	if _, err := tlog.ParsePolicy([]byte(b.String())); err != nil {
		return usage("--url takes an http or https address", "%w", err)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wordRune keeps a name one word of letters that file systems and readers bear.
func wordRune(r rune) rune {
	if r == '/' || r == ':' {
		return '-'
	}
	return r
}

func (f *witnessFlags) keys() ([]*tlog.Key, error) {
	var out []*tlog.Key
	for _, s := range f.logs {
		if k, err := tlog.ParseKey(s); err == nil {
			out = append(out, k)
			continue
		}
		b, err := readBounded(s, tlog.MaxNote)
		if err != nil {
			return nil, usage("--log takes a verifier key, or a file such as custody/log.pub", "read key of a log: %w", err)
		}
		keys, err := custody.ParseLogKeys(b)
		if err != nil {
			return nil, usage("--log takes a verifier key, or a file such as custody/log.pub", "%s: %w", s, err)
		}
		out = append(out, keys...)
	}
	return out, nil
}

// witnessSigners reads the seeds of a witness, or draws them where there are none.
func witnessSigners(dir, name string) ([]*tlog.Signer, error) {
	var out []*tlog.Signer
	for _, k := range []struct {
		file string
		a    tlog.Algorithm
	}{{"ed25519.seed", tlog.CosignatureV1}, {"mldsa44.seed", tlog.MLDSA44}} {
		seed, err := readSeed(filepath.Join(dir, k.file))
		if err != nil {
			return nil, fmt.Errorf("key of the witness: %w", err)
		}
		s, err := tlog.NewSigner(name, k.a, seed)
		if err != nil {
			return nil, usage("a name has no spaces and no plus signs", "%w", err)
		}
		out = append(out, s)
	}
	return out, nil
}

func readSeed(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		seed := make([]byte, tlog.SeedSize)
		_, _ = rand.Read(seed) // never fails: crypto/rand ends the process instead
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		_, err = f.WriteString(hex.EncodeToString(seed) + "\n")
		return seed, errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return nil, err
	}
	seed, err := hex.DecodeString(strings.TrimSuffix(string(b), "\n"))
	if err != nil || len(seed) != tlog.SeedSize {
		return nil, fmt.Errorf("%s holds no seed", path)
	}
	return seed, nil
}
