package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/policies"
)

// maxPolicy bounds a policy file.
const maxPolicy = 8 << 20

// loadPolicy reads a guard policy, or the one that ships where path is "". Literal lists lie beside the file.
func loadPolicy(path string) (*guard.Policy, error) {
	var p *guard.Policy
	var err error
	if path == "" {
		p, err = guard.Parse(policies.GuardName, policies.Guard())
	} else {
		p, err = readPolicy(path)
	}
	if err != nil {
		return nil, &usageError{err, "`reeve config check` shows every mistake of a policy"}
	}
	return p, nil
}

func readPolicy(path string) (*guard.Policy, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	if info.Size() > maxPolicy {
		return nil, errors.New("read policy " + path + ": larger than 8 MiB")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return guard.Parse(path, source)
}
