package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
)

func newAttest() *cobra.Command {
	c := &cobra.Command{
		Use:   "attest",
		Short: "Make, verify and follow signed statements about data and models",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newAttestKeygen(), newAttestCreate(), newAttestRun(), newAttestImport(), newAttestVerify(), newAttestGraph())
	return c
}

func newAttestKeygen() *cobra.Command {
	out, algorithm := "", string(attest.Ed25519)
	c := &cobra.Command{
		Use:     "keygen -o FILE",
		Short:   "Make a signing key",
		Example: "  reeve attest keygen -o signing.key",
		Long: `Make a signing key: FILE (PKCS #8 in PEM, mode 0600, not encrypted) and FILE.pub. Keep FILE
where only those can read it who may sign; give FILE.pub to those who verify.

Exit status: 0 made · 2 usage, or a file is there already · 3 not written.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return usage("for example -o signing.key", "-o is missing")
			}
			k, err := attest.Generate(attest.Algorithm(algorithm))
			if err != nil {
				return usage("", "%w", err)
			}
			private, err := k.MarshalPEM()
			if err != nil {
				return err
			}
			if err := createFile(out, private, 0o600); err != nil {
				return err
			}
			if err := createFile(out+".pub", k.Public().MarshalPEM(), 0o644); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), k.Public().ID())
			return err
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file of the private key; the public one is written beside it")
	c.Flags().Var(formatFlag{&algorithm, []string{string(attest.Ed25519), string(attest.ECDSAP256)}}, "algorithm", "kind of key")
	return c
}

// createFile writes a file that must not be there yet and reaches the disk before it is reported.
func createFile(path string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return usage("keys are never replaced: give another name", "%s is there already", path)
	}
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	_, err = f.Write(text)
	err = firstError(err, f.Sync())
	return firstError(err, f.Close())
}
