package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/access/analysis"
	"github.com/reeve-ai/reeve/internal/config"
)

func newAccess() *cobra.Command {
	c := &cobra.Command{
		Use:   "access",
		Short: "Ask, test and compare the rules of who may do what",
		Long: `Ask, test and compare the rules of who may do what.

The rules are Cedar policies in a folder: --policies, else access.policies of ./reeve.yaml, else
./policies/access, else those that ship. Entities are people, models and data sets in Cedar's JSON form:
--entities, else entities.json beside the policies.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newAccessCheck(), newAccessExplain(), newAccessWhoCan(), newAccessWhatCan(), newAccessLint(), newAccessProve(),
		newAccessTest(), newAccessDiff(), newAccessReplay(), newAccessShare(), newAccessUnshare(), newAccessShares())
	return c
}

// accessFlags say which rules and entities a command is about.
type accessFlags struct {
	policies, entities string
	models             []string
}

func (f *accessFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.policies, "policies", "", "folder of policies (*.cedar, *.cedarschema)")
	c.Flags().StringVar(&f.entities, "entities", "", "file of entities (Cedar's JSON form)")
	c.Flags().StringSliceVar(&f.models, "models", nil, "which of dac, rbac, mac, abac are in force (default all that are there)")
}

// folder is where the policies lie; "" for those that ship.
func (f *accessFlags) folder() (string, error) {
	if f.policies != "" {
		return f.policies, nil
	}
	if _, err := os.Stat(config.FileName); err == nil {
		cfg, err := loadConfig("")
		if err != nil {
			return "", err
		}
		if f.models == nil {
			f.models = cfg.Access.Models
		}
		if cfg.Access.Policies != "" {
			return cfg.Path(cfg.Access.Policies), nil
		}
	}
	if info, err := os.Stat(access.Folder); err == nil && info.IsDir() {
		return access.Folder, nil
	}
	return "", nil
}

func (f *accessFlags) set() (set *access.Set, dir string, err error) {
	if dir, err = f.folder(); err != nil {
		return nil, "", err
	}
	set, err = loadAccess(dir, f.models)
	return set, dir, err
}

// load reads policies and entities.
func (f *accessFlags) load() (*access.Set, *access.Entities, error) {
	set, dir, err := f.set()
	if err != nil {
		return nil, nil, err
	}
	file := f.entities
	if file == "" && dir != "" {
		if beside := filepath.Join(dir, access.EntitiesName); fileExists(beside) {
			file = beside
		}
	}
	entities, err := loadEntities(set, file)
	return set, entities, err
}

func loadEntities(set *access.Set, file string) (*access.Entities, error) {
	if file == "" {
		return set.Entities(nil), nil
	}
	text, err := readBounded(file, access.MaxEntityBytes)
	if err != nil {
		return nil, usage("give a file of entities with --entities", "read entities: %w", err)
	}
	entities, err := set.ParseEntities(file, text)
	var problems access.Problems
	if errors.As(err, &problems) {
		return nil, &usageError{err, problems.Hint()}
	}
	return entities, err
}

func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// questionFlags are a question on the command line.
type questionFlags struct {
	principal, action, resource, context string
}

func (f *questionFlags) add(c *cobra.Command, names ...string) {
	help := map[string]string{
		"principal": `who, such as User::"ana" or ana`, "action": "what, such as model:use", "resource": `on what, such as Model::"support-bot" or support-bot`,
		"context": "circumstances as JSON, or @FILE; left out: nothing is known of them but the time",
	}
	into := map[string]*string{"principal": &f.principal, "action": &f.action, "resource": &f.resource, "context": &f.context}
	for _, name := range names {
		c.Flags().StringVar(into[name], name, "", help[name])
	}
}

// required refuses a question that lacks a part.
func required(c *cobra.Command, names ...string) error {
	for _, name := range names {
		if v, err := c.Flags().GetString(name); err != nil || v == "" {
			return usage("`"+c.CommandPath()+" --help` shows an example", "--%s is required", name)
		}
	}
	return nil
}

// question reads the flags.
func (f *questionFlags) question() (analysis.Question, error) {
	q := analysis.Question{Principal: f.principal, Action: f.action, Resource: f.resource, Now: time.Now()}
	switch name, file := strings.CutPrefix(f.context, "@"); {
	case file:
		text, err := readBounded(name, 1<<20)
		if err != nil {
			return q, usage("", "read context: %w", err)
		}
		q.Context = text
	case f.context != "":
		q.Context = []byte(f.context)
	}
	return q, nil
}

func (f *questionFlags) resolve(set *access.Set, entities *access.Entities) (access.Query, error) {
	q, err := f.question()
	if err != nil {
		return access.Query{}, err
	}
	query, err := analysis.Resolve(set, entities, q)
	if err != nil {
		return query, &usageError{err, `write a reference such as User::"ana", and the context as a JSON object such as {"mfa": true}`}
	}
	return query, nil
}
