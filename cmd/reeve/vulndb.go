package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/vulndb"
)

// defaultVulnDB is where a snapshot lies unless --db says otherwise.
const defaultVulnDB = ".reeve/vulndb"

// How old a snapshot may become.
const (
	vulnWarn = 7 * 24 * time.Hour
	vulnFail = 30 * 24 * time.Hour
)

func newVulnDB() *cobra.Command {
	c := &cobra.Command{
		Use:   "vulndb",
		Short: "Keep known vulnerabilities at hand, without network",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newVulnDBImport(), newVulnDBExport(), newVulnDBVerify(), newVulnDBStatus())
	return c
}

func addDB(c *cobra.Command, dir *string) {
	c.Flags().StringVar(dir, "db", defaultVulnDB, "folder of the snapshot")
}

func newVulnDBImport() *cobra.Command {
	dir, signKey, epss, kev := "", "", "", ""
	var keys []string
	c := &cobra.Command{
		Use:     "import FILE...",
		Short:   "Make a snapshot from advisories in the OSV format",
		Example: "  reeve vulndb import all.zip --db vulndb\n  reeve vulndb import --epss epss_scores.csv.gz --kev known_exploited_vulnerabilities.json --db vulndb",
		Long: `Make a snapshot from advisories in the OSV format: zip files as osv.dev offers them for each ecosystem (all.zip), or
folders with one JSON file an advisory. Fetching them is up to you; reeve never asks the network. A zip that
` + "`reeve vulndb export`" + ` made is taken as it is, once its digests and, with --key, its signature are checked.

--epss adds FIRST's scores and --kev CISA's catalog of known exploited vulnerabilities, also to a snapshot that is there:
then no FILE is needed, and its age stays.

A snapshot never goes back: where the youngest advisory of an ecosystem would be older than before, or an
ecosystem would be missing, the import is refused.

Exit status: 0 imported · 1 refused: it would go back · 2 usage · 3 something could not be read.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			m, err := importAll(dir, epss, kev, args, keys)
			if errors.Is(err, vulndb.ErrRollback) {
				fmt.Fprintf(c.ErrOrStderr(), "reeve: refused: %v\nreeve: hint: import what is younger, or remove %s on purpose\n", err, dir)
				return &toldError{exitFindings}
			}
			if err != nil {
				return err
			}
			tellSnapshot(c.OutOrStdout(), m)
			if signKey == "" {
				return nil
			}
			key, err := attest.ReadPrivateKey(signKey)
			if err != nil {
				return err
			}
			return vulndb.Sign(dir, key)
		},
	}
	addDB(c, &dir)
	c.Flags().StringVar(&epss, "epss", "", "scores of exploitation (CSV of FIRST, also gzipped)")
	c.Flags().StringVar(&kev, "kev", "", "catalog of known exploited vulnerabilities (JSON of CISA)")
	c.Flags().StringVar(&signKey, "sign-key", "", "sign the snapshot with this key")
	c.Flags().StringSliceVar(&keys, "key", nil, "public keys, one of which must have signed an exported snapshot")
	return c
}

// importAll imports advisories and what is known of exploitation, whichever of them is named.
func importAll(dir, epss, kev string, paths, keyFiles []string) (m *vulndb.Manifest, err error) {
	if len(paths) == 0 && epss == "" && kev == "" {
		return nil, usage("name zip files or folders of advisories", "there is nothing to import")
	}
	if len(paths) > 0 {
		if m, err = importSnapshot(dir, paths, keyFiles); err != nil {
			return nil, err
		}
	}
	if epss == "" && kev == "" {
		return m, nil
	}
	if m, err = vulndb.ImportSignals(dir, epss, kev); errors.Is(err, vulndb.ErrNone) || errors.Is(err, vulndb.ErrCorrupt) {
		err = vulnError(err)
	}
	return m, err
}

func importSnapshot(dir string, paths, keyFiles []string) (*vulndb.Manifest, error) {
	if len(paths) != 1 || !vulndb.IsExport(paths[0]) {
		if len(keyFiles) > 0 {
			return nil, usage("advisories themselves are not signed", "--key is for one exported snapshot")
		}
		return vulndb.Import(dir, vulndb.ImportOptions{Sources: paths, Clock: time.Now})
	}
	keys, err := readPublicKeys(keyFiles)
	if err != nil {
		return nil, err
	}
	m, err := vulndb.Carried(dir, paths[0], keys...)
	if errors.Is(err, vulndb.ErrCorrupt) {
		err = vulnError(err)
	}
	return m, err
}

func readPublicKeys(paths []string) ([]*attest.PublicKey, error) {
	var keys []*attest.PublicKey
	for _, p := range paths {
		k, err := attest.ReadPublicKey(p)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func newVulnDBExport() *cobra.Command {
	dir, output := "", ""
	c := &cobra.Command{
		Use:   "export -o FILE.zip",
		Short: "Write a snapshot as one file, to be carried where there is no network",
		Long: `Write a snapshot, with its signature where it has one, as one zip that ` + "`reeve vulndb import`" + ` takes elsewhere.

Exit status: 0 written · 2 usage, or there is no snapshot.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output == "" {
				return usage("name the file to write", "-o is missing")
			}
			f, err := os.Create(output)
			if err != nil {
				return usage("give -o a file in a folder that exists and may be written", "export snapshot: %w", err)
			}
			if err := errors.Join(vulndb.Export(dir, f), f.Close()); err != nil {
				return vulnError(errors.Join(err, os.Remove(output)))
			}
			return nil
		},
	}
	addDB(c, &dir)
	c.Flags().StringVarP(&output, "output", "o", "", "file to write")
	return c
}

func tellSnapshot(w io.Writer, m *vulndb.Manifest) {
	for _, name := range slices.Sorted(maps.Keys(m.Ecosystems)) {
		e := m.Ecosystems[name]
		fmt.Fprintf(w, "%s: %s about %s, youngest of %s\n", clean(name), counted(e.Records, "record"), counted(e.Packages, "package"), e.Newest.UTC().Format(time.DateOnly))
	}
	if s := m.Signals; s != nil {
		fmt.Fprintf(w, "exploitation: %s; scores of %s, catalog of %s\n", counted(s.Records, "flaw"), dayOf(s.EPSS), dayOf(s.KEV))
	}
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.DateOnly)
}

func newVulnDBVerify() *cobra.Command {
	dir := ""
	var keyFiles []string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Compare a snapshot with its manifest",
		Long: `Compare every file of a snapshot with the digests in its manifest, and with --key the manifest with its signature.

Exit status: 0 sound · 2 there is no snapshot · 4 it is corrupt.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			db, err := openVulnDB(dir)
			if err != nil {
				return err
			}
			if err := errors.Join(db.Verify(), db.Close()); err != nil {
				return vulnError(err)
			}
			signed := ""
			if len(keyFiles) > 0 {
				keys, err := readPublicKeys(keyFiles)
				if err == nil {
					err = vulndb.VerifySigned(dir, keys...)
				}
				if err != nil {
					return vulnError(err)
				}
				signed = ", signed by a key that is trusted"
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "OK: %s%s\n", counted(len(db.Manifest().Ecosystems), "ecosystem"), signed)
			return err
		},
	}
	addDB(c, &dir)
	c.Flags().StringSliceVar(&keyFiles, "key", nil, "public keys, one of which must have signed the snapshot")
	return c
}

// vulnStatus is what `reeve vulndb status --format json` prints.
type vulnStatus struct {
	SchemaVersion int             `json:"schema_version"`
	State         string          `json:"state"` // "fresh", "old", "stale", "to come"
	AgeDays       int             `json:"age_days"`
	Snapshot      vulndb.Manifest `json:"snapshot"`
}

func newVulnDBStatus() *cobra.Command {
	dir, format := "", "text"
	c := &cobra.Command{
		Use:   "status",
		Short: "Tell what a snapshot holds and how old it is",
		Long: `Tell what a snapshot holds and how old it is: old after 7 days, stale after 30.

Exit status: 0 fresh or old · 2 there is no snapshot · 3 stale · 4 it is corrupt.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			db, err := openVulnDB(dir)
			if err != nil {
				return err
			}
			if err := db.Close(); err != nil {
				return err
			}
			m := db.Manifest()
			age := time.Since(m.Imported)
			s := vulnStatus{SchemaVersion: schemaVersion, State: ageOf(age, vulnFail), AgeDays: int(age.Hours() / 24), Snapshot: m}
			if format == "json" {
				err = printJSON(c.OutOrStdout(), s)
			} else {
				tellSnapshot(c.OutOrStdout(), &m)
				_, err = fmt.Fprintf(c.OutOrStdout(), "imported %d days ago: %s\n", s.AgeDays, s.State)
			}
			if err == nil && (s.State == "stale" || s.State == "to come") {
				err = &toldError{exitIncomplete}
			}
			return err
		},
	}
	addDB(c, &dir)
	addFormat(c, &format, "text", "json")
	return c
}

func ageOf(age, fail time.Duration) string {
	switch {
	case age < -24*time.Hour:
		return "to come" // the clock was wrong, then or now
	case age > fail:
		return "stale"
	case age > vulnWarn:
		return "old"
	}
	return "fresh"
}

func openVulnDB(dir string) (*vulndb.DB, error) {
	db, err := vulndb.Open(dir)
	if err != nil {
		return nil, vulnError(err)
	}
	return db, nil
}

// vulnError gives errors of a snapshot their exit status.
func vulnError(err error) error {
	switch {
	case errors.Is(err, vulndb.ErrNone):
		return usage("`reeve vulndb import all.zip` makes one", "%w", err)
	case errors.Is(err, vulndb.ErrCorrupt):
		fmt.Fprintf(os.Stderr, "reeve: error: %v\nreeve: hint: import it again\n", err)
		return &toldError{exitIntegrity}
	}
	return err
}
