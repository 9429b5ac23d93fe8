package redact

// Report is what a run did. It holds no value.
type Report struct {
	SchemaVersion int       `json:"schema_version"`
	Files         []File    `json:"files"`
	Skipped       []Skipped `json:"skipped"`             // what was not written, and why
	Surrogates    string    `json:"surrogates,omitzero"` // path of the sidecar, where there is one
	Redacted      int       `json:"redacted"`            // values replaced
	Remaining     int       `json:"remaining"`           // findings in what would have been written
	Clean         bool      `json:"clean"`               // everything is written, read again, and nothing was found
}

// File is one file that was written, or refused because something remained in it.
type File struct {
	Path      string  `json:"path"`
	Out       string  `json:"out"`
	Format    string  `json:"format"`
	DigestIn  string  `json:"digest_in"`  // sha256:HEX
	DigestOut string  `json:"digest_out"` // "" where the file was not put in place
	Passes    int     `json:"passes"`     // over the file
	Rounds    int     `json:"rounds"`     // most looks that one block needed until nothing was found
	Counts    []Count `json:"counts"`
	Fields    int     `json:"fields_removed"` // values, or lines of text, that were removed whole because nothing else helped
	Remaining int     `json:"remaining"`
	Known     int     `json:"surrogates"` // surrogates and shifted dates that the second reading met
}

// Count says how many values of a kind an operator replaced. Instead is what was used where the operator asked for had
// nothing for the value, or what it wrote would have been found again.
type Count struct {
	Kind     string `json:"kind"`
	Operator Name   `json:"operator"`
	Instead  Name   `json:"instead,omitzero"`
	N        int    `json:"n"`
}

// Skipped is a file, or a part of one, that was not written.
type Skipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}
