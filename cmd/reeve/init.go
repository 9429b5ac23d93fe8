package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/policies"
)

func newInit() *cobra.Command {
	upstream := "http://127.0.0.1:11434"
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a configuration and the default policies into a folder",
		Long: `Write reeve.yaml, policies/guard.yaml, policies/labels.yaml, policies/gate.yaml and policies/access into a folder
(default: this one): the rules that are built in, as files to review, to change and to keep under version control. With them come
example entities, test cases and invariants for reeve access test and reeve access prove.

Nothing is overwritten: where one of the files is there, nothing at all is written.

Exit status: 0 written · 2 usage, or a file is there already · 3 cannot write.`,
		Example: `  reeve init governance
  cd governance && reeve access test && reeve serve`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			files, err := initFiles(upstream)
			if err != nil {
				return err
			}
			if err := writeProject(dir, files); err != nil {
				return err
			}
			for _, f := range files {
				fmt.Fprintln(c.OutOrStdout(), filepath.Join(dir, filepath.FromSlash(f.name)))
			}
			fmt.Fprintln(c.ErrOrStderr(), "reeve: next: `reeve access test`, `reeve config check`, `reeve serve`")
			return nil
		},
	}
	c.Flags().StringVar(&upstream, "upstream", upstream, "model runtime to govern")
	return c
}

type newFile struct {
	name string // with slashes, from the folder
	text []byte
}

// initFiles are the files that init writes.
func initFiles(upstream string) ([]newFile, error) {
	if strings.ContainsAny(upstream, "\"\\\n\r") || upstream == "" {
		return nil, usage("for example --upstream http://127.0.0.1:11434", "--upstream is no URL")
	}
	files := []newFile{
		{config.FileName, fmt.Appendf(nil, initConfig, upstream)},
		{policies.GuardName, policies.Guard()},
		{policies.LabelsName, policies.Labels()},
		{policies.GateName, policies.Gate()},
	}
	err := fs.WalkDir(policies.Access(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(policies.Access(), path)
		files = append(files, newFile{access.Folder + "/" + path, text})
		return err
	})
	return files, err
}

const initConfig = `# What is governed, and by which rules. Every key is optional: ` + "`reeve config schema`" + ` describes them all.
version: 1
gateway:
  listen: 127.0.0.1:8400
  admin_listen: 127.0.0.1:8401
  upstreams:
    - {name: local, url: "%s", dialect: auto}
guard:
  policy: policies/guard.yaml
labels:
  policy: policies/labels.yaml
gate:
  policy: policies/gate.yaml # trusts nobody yet: list whose keys count under signers
access:
  policies: policies/access
  models: [dac, rbac, mac, abac] # take away those that you do not want
`

// writeProject writes all files or, where one is there already, none.
func writeProject(dir string, files []newFile) error {
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if _, err := os.Lstat(path); err == nil {
			return usage("give another folder, or move the file away; nothing was written", "%s is there already", path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look for %s: %w", path, err)
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		_, err = w.Write(f.text)
		if err = errors.Join(err, w.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}
