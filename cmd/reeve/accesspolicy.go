package main

import (
	"errors"

	"github.com/reeve-ai/reeve/internal/access"
)

// loadAccess compiles the access policies in a folder, or those that ship where dir is "". Models are those in force of
// dac, rbac, mac and abac; nil: all that are there.
func loadAccess(dir string, models []string) (*access.Set, error) {
	src := access.Default()
	if dir != "" {
		var err error
		if src, err = access.ReadDir(dir); err != nil {
			return nil, accessError(err)
		}
	}
	set, err := access.Compile(src, access.Options{Modules: models})
	if err != nil {
		return nil, accessError(err)
	}
	return set, nil
}

// accessError is a mistake in policies, with what to do about it.
func accessError(err error) error {
	var problems access.Problems
	if errors.As(err, &problems) {
		return &usageError{err, problems.Hint() + "; `reeve access lint` lists every problem"}
	}
	return &usageError{err, "`reeve access lint` lists every problem"}
}
