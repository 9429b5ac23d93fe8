package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reeve-ai/reeve/internal/oms"
)

// maxKeyFile bounds files of keys and certificates, in bytes.
const maxKeyFile = 1 << 20

// The methods of signatures.
var signMethods = []string{"key", "certificate"}

func newModelSign() *cobra.Command {
	var o oms.Options
	method, key, certificate, signature := "key", "", "", ""
	public, ring := "", keyringFlags{}
	var chain []string
	c := &cobra.Command{
		Use:   "sign PATH",
		Short: "Sign a model (OpenSSF Model Signing v1.0)",
		Long: `Sign a model, a folder or one file, in the format of OpenSSF Model Signing v1.0. Every file is covered but the
signature itself, .git, .gitattributes, .github and .gitignore at its root, and --ignore-paths.

The key is PEM (PKCS #8 or SEC 1) on P-256, P-384 or P-521, readable for its owner alone; or keyring:NAME, a key on P-256 that
the keyring of --data draws at first use and keeps. --public-key-out writes the half that verifies. With
--method certificate the chain goes into the signature, leaf first.

Exit status: 0 signed · 2 usage · 3 the model could not be read.`,
		Example: "  reeve model sign model/ --method key --private-key signing.key --signature model/model.sig",
		Args:    exactly(1, "a model"),
		RunE: func(c *cobra.Command, args []string) error {
			if certificate != "" {
				chain = append([]string{certificate}, chain...)
			}
			signer, err := readSigner(method, key, chain, &ring)
			if err != nil {
				return err
			}
			if public != "" {
				if err := writePublic(public, signer.Key); err != nil {
					return err
				}
			}
			o.Signature = signature
			b, err := oms.Sign(c.Context(), args[0], signer, o)
			if err != nil {
				return err
			}
			if err := writeWhole(signature, b); err != nil {
				return fmt.Errorf("write signature: %w", err)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "signed %s: %s\n", args[0], signature)
			return err
		},
	}
	f := c.Flags()
	addSignMethod(c, &method, &signature)
	f.StringVar(&key, "private-key", "", "private key (PEM), or keyring:NAME")
	f.StringVar(&public, "public-key-out", "", "file to write the public key to (PEM)")
	f.StringVar(&ring.data, "data", "", "data directory, for keyring:NAME")
	f.StringVar(&ring.root, "root-key", "", "of --data, the "+rootKeyHelp)
	f.StringVar(&certificate, "signing-certificate", "", "certificate of the key (PEM)")
	f.StringArrayVar(&chain, "certificate-chain", nil, "certificates that speak for that of the key (PEM; may be repeated)")
	f.StringArrayVar(&o.IgnorePaths, "ignore-paths", nil, "file or folder that is not covered (may be repeated)")
	f.BoolVar(&o.AllowSymlinks, "allow-symlinks", false, "cover what symbolic links point to")
	f.Int64Var(&o.ShardSize, "shard-size", 0, "cover files in shards of so many bytes (0: whole)")
	f.StringVar(&o.HashType, "hash", "sha256", "sha256, blake2b or blake3")
	return c
}

func addSignMethod(c *cobra.Command, method, signature *string) {
	c.Flags().Var(formatFlag{method, signMethods}, "method", "what signs")
	c.Flags().StringVar(signature, "signature", "model.sig", "the signature")
	// The reference implementation spells some of its flags with underscores.
	c.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
}

func newModelVerify() *cobra.Command {
	var o oms.VerifyOptions
	method, key, signature, format := "key", "", "", "text"
	identity := oms.Identity{}
	trusted := ""
	var roots []string
	c := &cobra.Command{
		Use:   "verify PATH",
		Short: "Verify a model's signature (OpenSSF Model Signing v1.0)",
		Long: `Verify the signature of a model against its files: each listed file must be there unchanged, and no other.
Signatures by key and by certificate of v0.3.1 and later verify. With --method sigstore, in programs built with the tag sigstore,
--trust-config is the trusted_root.json of the Sigstore instance, and --identity and --identity-provider are who must have
signed; the network is not asked.

Exit status: 0 verified · 2 usage · 3 something could not be read · 4 the signature or the files are wrong.`,
		Example: "  reeve model verify model/ --method key --public-key signing.pub --signature model/model.sig",
		Args:    exactly(1, "a model"),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := readTrust(method, key, roots)
			if method == "sigstore" {
				t, err = readSigstore(trusted, identity)
			}
			if err != nil {
				return err
			}
			b, err := readBounded(signature, 256<<20)
			if err != nil {
				return fmt.Errorf("read signature: %w", err)
			}
			o.Signature = signature
			v, err := oms.Verify(c.Context(), args[0], b, t, o)
			return tellVerified(c.OutOrStdout(), format, args[0], v, err)
		},
	}
	f := c.Flags()
	addSignMethod(c, &method, &signature)
	c.Flags().Lookup("method").Value = formatFlag{&method, append(signMethods, "sigstore")}
	f.StringVar(&trusted, "trust-config", "", "trusted_root.json, with --method sigstore")
	f.StringVar(&identity.Subject, "identity", "", "who must have signed, an address or a URI, with --method sigstore")
	f.StringVar(&identity.Issuer, "identity-provider", "", "who must have confirmed that, with --method sigstore")
	f.StringVar(&key, "public-key", "", "public key (PEM)")
	f.StringArrayVar(&roots, "certificate-chain", nil, "certificates of authorities that are trusted (PEM; may be repeated)")
	f.StringArrayVar(&o.IgnorePaths, "ignore-paths", nil, "file or folder that need not be covered (may be repeated)")
	f.BoolVar(&o.IgnoreUnsigned, "ignore-unsigned-files", false, "accept files that the signature does not list")
	f.BoolVar(&o.AllowSymlinks, "allow-symlinks", false, "follow symbolic links where the signer did")
	addFormat(c, &format, "text", "json")
	return c
}

// verdictOfModel is what `reeve model verify --format json` prints.
type verdictOfModel struct {
	SchemaVersion int           `json:"schema_version"`
	Verified      bool          `json:"verified"`
	Reason        string        `json:"reason,omitzero"`
	Model         *oms.Verified `json:"model,omitzero"`
}

func tellVerified(w io.Writer, format, path string, v *oms.Verified, err error) error {
	wrong := errors.Is(err, oms.ErrSignature) || errors.Is(err, oms.ErrFiles) || errors.Is(err, oms.ErrMalformed) || errors.Is(err, oms.ErrMethod)
	if err != nil && !wrong {
		return err
	}
	if format == "json" {
		out := verdictOfModel{SchemaVersion: schemaVersion, Verified: err == nil, Model: v}
		if err != nil {
			out.Reason = err.Error()
		}
		if err := printJSON(w, out); err != nil {
			return err
		}
	} else if err == nil {
		fmt.Fprintf(w, "verified: %s, %s, by %s %s\n", path, counted(v.Resources, "digest"), v.Method, clean(v.Signer))
	} else {
		fmt.Fprintf(w, "not verified: %s: %v\n", path, err)
		tellFiles(w, v)
	}
	if err != nil {
		return &toldError{exitIntegrity}
	}
	return nil
}

func tellFiles(w io.Writer, v *oms.Verified) {
	if v == nil {
		return
	}
	for _, list := range []struct {
		word  string
		names []string
	}{{"missing", v.Missing}, {"changed", v.Changed}, {"not signed", v.Unsigned}} {
		for i, name := range list.names {
			if i == 20 {
				fmt.Fprintf(w, "  %s: %d more\n", list.word, len(list.names)-i)
				break
			}
			fmt.Fprintf(w, "  %s: %s\n", list.word, clean(name))
		}
	}
}

func readSigner(method, key string, chain []string, ring *keyringFlags) (*oms.Signer, error) {
	if key == "" {
		return nil, usage("`openssl ecparam -name prime256v1 -genkey` makes one", "--private-key is missing")
	}
	if (method == "certificate") != (len(chain) > 0) {
		return nil, usage("give --signing-certificate with --method certificate, and only then", "--method %s with %s", method, counted(len(chain), "certificate"))
	}
	if strings.HasPrefix(key, keyringPrefix) {
		signer, err := ring.signer(key)
		if err != nil {
			return nil, err
		}
		certs, err := readCertificates(chain)
		return &oms.Signer{Key: signer, Chain: certs}, err
	}
	info, err := os.Stat(key)
	if err != nil {
		return nil, fmt.Errorf("open signing key: %w", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, usage("chmod 600 "+key, "signing key %s has mode %04o: others than its owner may read it", key, mode)
	}
	text, err := readBounded(key, maxKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	signer, err := parseECKey(text)
	if err != nil {
		return nil, usage("a PEM file with a key on P-256, P-384 or P-521", "signing key %s: %w", key, err)
	}
	certs, err := readCertificates(chain)
	return &oms.Signer{Key: signer, Chain: certs}, err
}

// parseECKey reads the first private key of a PEM file. Its errors never show what was read.
func parseECKey(text []byte) (crypto.Signer, error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, errors.New("it holds no private key that is not encrypted")
		}
		if k, err := x509.ParseECPrivateKey(block.Bytes); block.Type == "EC PRIVATE KEY" && err == nil {
			return k, nil
		}
		if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); block.Type == "PRIVATE KEY" && err == nil {
			if ec, ok := k.(*ecdsa.PrivateKey); ok {
				return ec, nil
			}
			return nil, errors.New("it is of another kind")
		}
	}
}

func readCertificates(paths []string) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for _, p := range paths {
		text, err := readBounded(p, maxKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate: %w", err)
		}
		n := len(out)
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, usage("give certificates as PEM", "certificate %s: %w", p, err)
			}
			out = append(out, c)
		}
		if len(out) == n {
			return nil, usage("give certificates as PEM", "%s holds no certificate", p)
		}
	}
	return out, nil
}

// readSigstore is the trust in a Sigstore instance and an identity.
func readSigstore(path string, identity oms.Identity) (oms.Trust, error) {
	t := oms.Trust{Clock: time.Now, Identity: identity}
	if path == "" || identity.Subject == "" || identity.Issuer == "" {
		return t, usage("name the instance and who must have signed", "--trust-config, --identity and --identity-provider go together")
	}
	text, err := readBounded(path, maxKeyFile)
	if err != nil {
		return t, fmt.Errorf("read trusted root: %w", err)
	}
	if t.Sigstore, err = oms.ParseTrustedRoot(text); err != nil {
		return t, usage("trusted_root.json of the Sigstore instance", "%s: %w", path, err)
	}
	return t, nil
}

func readTrust(method, key string, roots []string) (oms.Trust, error) {
	t := oms.Trust{Clock: time.Now}
	if method == "sigstore" {
		return t, nil
	}
	if method == "certificate" {
		if len(roots) == 0 {
			return t, usage("name the authorities that are trusted", "--certificate-chain is missing")
		}
		certs, err := readCertificates(roots)
		t.Roots = x509.NewCertPool()
		for _, c := range certs {
			t.Roots.AddCert(c)
		}
		return t, err
	}
	if key == "" {
		return t, usage("name the key that is trusted", "--public-key is missing")
	}
	text, err := readBounded(key, maxKeyFile)
	if err != nil {
		return t, fmt.Errorf("read public key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return t, usage("give the key as PEM", "%s holds no public key", key)
	}
	k, err := x509.ParsePKIXPublicKey(block.Bytes)
	ec, ok := k.(*ecdsa.PublicKey)
	if err != nil || !ok {
		return t, usage("a key on P-256, P-384 or P-521", "%s holds no public key of an elliptic curve", key)
	}
	t.Key = ec
	return t, nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return b, err
}

// writeWhole puts a file in place whole or not at all.
func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".reeve-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		if rm := os.Remove(f.Name()); !errors.Is(rm, fs.ErrNotExist) {
			err = errors.Join(err, rm)
		}
	}
	return err
}
