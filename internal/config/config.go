// Package config reads reeve.yaml: one file in which every key is optional and none can be misspelt unnoticed.
//
// Load tells all that is wrong at once, each problem with its place, a caret below it and what to do. Unknown and
// repeated keys are errors, so are anchors, aliases and tags: the file says what it says. Secrets are not in the file,
// only where they are (file:PATH, env:NAME). A scalar may be set from the environment too: gateway.listen is
// REEVE_GATEWAY_LISTEN.
//
// The types and their comments in sections.go are the one source of the format: decoding, the checks of single values,
// Show and the JSON Schema all read them.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/goccy/go-yaml"
)

// FileName is the usual name of the file.
const FileName = "reeve.yaml"

// The bounds of a file, in bytes, in marks of structure (see marks) and in problems that are told. The YAML library's
// time grows with the square of the structure: at these bounds it stays below a second or two.
const (
	maxFile     = 256 << 10
	maxMarks    = 10_000
	maxProblems = 100
)

// Load reads the file at path over the defaults, then the variables of env ("NAME=value", as from os.Environ) over
// that, and validates the result. The empty path means no file. An error that matches *Problems lists all that is
// wrong; others, such as a file that is missing, match fs.ErrNotExist and so on.
func Load(path string, env ...string) (*Config, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = readFile(path); err != nil {
			return nil, err
		}
	}
	return parse(path, text, env)
}

// Parse reads text as Load reads a file; name is for messages and gives the folder of relative paths.
func Parse(name string, text []byte, env ...string) (*Config, error) {
	if len(text) > maxFile {
		return nil, tooLarge(name)
	}
	return parse(name, text, env)
}

func parse(name string, text []byte, env []string) (*Config, error) {
	c := Default()
	if name != "" {
		abs, err := filepath.Abs(name)
		if err != nil {
			return nil, fmt.Errorf("configuration %s: %w", name, err)
		}
		c.dir = filepath.Dir(abs)
	}
	d := decode(text, reflect.ValueOf(c).Elem())
	d.environment(env, reflect.ValueOf(c).Elem())
	if !d.broken {
		d.place(c.Validate())
	}
	if len(d.problems) > 0 {
		return nil, d.report(name)
	}
	return c, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &hinted{fmt.Errorf("open configuration: %w", err), "without --config reeve runs on its defaults; \"reeve config show\" prints them"}
	}
	if err != nil {
		return nil, fmt.Errorf("open configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(text) > maxFile {
		return nil, tooLarge(path)
	}
	return text, nil
}

func tooLarge(name string) error {
	return fmt.Errorf("configuration %s has more than %d bytes", name, maxFile)
}

// Show writes the configuration in force as YAML, defaults included. Parse reads it back to the same configuration.
// Of secrets it shows where they are, never what they are.
func Show(c *Config) ([]byte, error) {
	text, err := yaml.MarshalWithOptions(c, yaml.Indent(2), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("show configuration: %w", err)
	}
	return text, nil
}

// hinted is an error with advice, which a command prints below it.
type hinted struct {
	error
	hint string
}

// Hint tells the reader what to do next.
func (h *hinted) Hint() string  { return h.hint }
func (h *hinted) Unwrap() error { return h.error }
