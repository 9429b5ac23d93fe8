package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

// formatFlag is --format with a closed list of values.
type formatFlag struct {
	value   *string
	allowed []string
}

func (f formatFlag) String() string { return *f.value }
func (f formatFlag) Type() string   { return strings.Join(f.allowed, "|") }

func (f formatFlag) Set(s string) error {
	if !slices.Contains(f.allowed, s) {
		return errors.New("want " + strings.Join(f.allowed, " or "))
	}
	*f.value = s
	return nil
}

func addFormat(c *cobra.Command, value *string, allowed ...string) {
	c.Flags().Var(formatFlag{value, allowed}, "format", "output format")
}

// printJSON prints one object, indented, on stdout.
func printJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode output: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// counted is a number with its word, in the singular for one.
func counted(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return strconv.Itoa(n) + " " + word
}
