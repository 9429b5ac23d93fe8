package model

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/strict"
)

// AllowFile is what somebody has reviewed: files by their digest, and classes of code that the organisation trusts.
type AllowFile struct {
	Version int         `yaml:"version"`
	Pins    []Pin       `yaml:"pins"`
	Imports []ImportPin `yaml:"imports"`
}

// Pin accepts one file: its review findings are told and do not count. What is malicious stays malicious.
type Pin struct {
	SHA256  string `yaml:"sha256"`
	Owner   string `yaml:"owner"`
	Reason  string `yaml:"reason"`
	Expires string `yaml:"expires"` // YYYY-MM-DD
}

// ImportPin accepts one (module, name) pair in any file.
type ImportPin struct {
	Name    string `yaml:"name"` // "module.name"
	Owner   string `yaml:"owner"`
	Reason  string `yaml:"reason"`
	Expires string `yaml:"expires"` // YYYY-MM-DD
}

// ParseAllowFile reads an allow file strictly: every entry has an owner, a reason and a day on which it ends.
func ParseAllowFile(name string, b []byte) (*AllowFile, error) {
	var f AllowFile
	if _, err := strict.Decode(name, b, &f, strict.Limits{Bytes: 1 << 20, Marks: 50_000, Depth: 6}); err != nil {
		return nil, err
	}
	if f.Version != 1 {
		return nil, fmt.Errorf("%s: version %d, this program knows 1", name, f.Version)
	}
	for _, p := range f.Pins {
		if b, err := hex.DecodeString(p.SHA256); err != nil || len(b) != 32 {
			return nil, fmt.Errorf("%s: sha256 %q is not 64 hex digits", name, p.SHA256)
		}
		if err := accountable(name, p.SHA256[:12], p.Owner, p.Reason, p.Expires); err != nil {
			return nil, err
		}
	}
	for _, p := range f.Imports {
		if !strings.Contains(p.Name, ".") || !isModuleName(p.Name) {
			return nil, fmt.Errorf("%s: import %q is not module.name", name, p.Name)
		}
		if err := accountable(name, p.Name, p.Owner, p.Reason, p.Expires); err != nil {
			return nil, err
		}
	}
	return &f, nil
}

func accountable(file, entry, owner, reason, expires string) error {
	if owner == "" || reason == "" {
		return fmt.Errorf("%s: %s has no owner or no reason", file, entry)
	}
	if _, err := time.Parse(time.DateOnly, expires); err != nil {
		return fmt.Errorf("%s: %s: expires %q is not YYYY-MM-DD", file, entry, expires)
	}
	return nil
}

// Options are what the file accepts on the day of now. Entries count until the end of their last day, in UTC.
func (f *AllowFile) Options(now reeve.Clock) Options {
	today := now().UTC().Format(time.DateOnly)
	o := Options{Allow: map[string]bool{}, Pins: map[string]bool{}}
	for _, p := range f.Pins {
		if p.Expires >= today {
			o.Pins[strings.ToLower(p.SHA256)] = true
		}
	}
	for _, p := range f.Imports {
		if p.Expires >= today {
			o.Allow[p.Name] = true
		}
	}
	return o
}
