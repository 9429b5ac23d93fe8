package model

import (
	"bytes"
	"io"
	"regexp"
)

const maxSource = 4 << 20

var (
	// sourceRuns run commands, code or foreign programs.
	sourceRuns = regexp.MustCompile(`\b(?:os\.(?:system|popen|exec\w*|spawn\w*|posix_spawn\w*|startfile)|subprocess\.\w+|pty\.spawn|ctypes\.(?:CDLL|cdll|windll)\w*|socket\.socket|__import__|importlib\.import_module\s*\(\s*['"](?:os|subprocess|socket)|(?:^|[^.\w])(?:exec|eval|execfile))\s*\(|\b(?:marshal|_?pickle|cPickle|dill|cloudpickle)\.loads?\s*\(`)
	// sourceHides decode what they then run.
	sourceHides = regexp.MustCompile(`(?:exec|eval)\s*\(\s*(?:compile\s*\(\s*)?(?:[\w.]*\.)?(?:b64decode|b32decode|b85decode|a85decode|decompress|fromhex|unhexlify|loads|decode|urlopen)\s*\(|(?:exec|eval)\s*\(\s*(?:__import__|base64|zlib|codecs|bytes|urllib|requests)\b|/dev/tcp/|bash\s+-i|os\.dup2\s*\(`)
	// scriptReads are operators by which TorchScript reads and writes files.
	scriptReads = regexp.MustCompile(`\b(?:ops\.aten\.|torch\.)(?:from_file|save|load)\b|\bops\.(?:image\.read_file|image\.write_file)\b`)
)

// source judges Python source beyond that a person has to read it: what runs commands as soon as it is imported, and what hides what it runs.
func (j *job) source(where string, r *io.SectionReader) {
	b, ok := j.whole(where, r, maxSource)
	if !ok {
		return
	}
	const remedy = "do not import it, and do not load the model with trust_remote_code"
	if sourceHides.Match(b) {
		j.note(Malicious, "code-hidden", where, "the code decodes or fetches what it runs", remedy)
	}
	if scriptReads.Match(b) && bytes.Contains(b, []byte("__torch__")) {
		j.note(Malicious, "torchscript-files", where, "the program reads or writes files when the model runs", remedy)
	}
	eachStatement(b, func(indent int, code []byte) {
		if indent == 0 && sourceRuns.Match(code) && !bytes.HasPrefix(code, []byte("def ")) && !bytes.HasPrefix(code, []byte("class ")) {
			j.note(Malicious, "code-runs", where, "importing the code runs a command or other code at once", remedy)
		}
	})
}

// eachStatement gives every logical line of Python to see, with its indentation, without comments and with empty strings: brackets and texts
// of three quotes go over many lines.
func eachStatement(b []byte, see func(indent int, code []byte)) {
	var line []byte
	indent, depth, start := 0, 0, true
	flush := func() {
		if len(bytes.TrimSpace(line)) > 0 {
			see(indent, bytes.TrimSpace(line))
		}
		line, indent, start = line[:0], 0, true
	}
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case start && (c == ' ' || c == '\t'):
			indent++
			continue
		case c == '#':
			for i+1 < len(b) && b[i+1] != '\n' {
				i++
			}
			continue
		case c == '"' || c == '\'':
			i = afterString(b, i)
			line = append(line, '"', '"')
			start = false
			continue
		case c == '\\' && i+1 < len(b) && b[i+1] == '\n':
			i++
			continue
		case c == '\n' && depth == 0 || c == ';' && depth == 0:
			was := indent
			flush()
			if c == ';' {
				indent, start = was, false
			}
			continue
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth = max(depth-1, 0)
		}
		start = false
		line = append(line, c)
	}
	flush()
}

// afterString is the place of the quote that ends the string that begins at i.
func afterString(b []byte, i int) int {
	quote := b[i : i+1]
	if bytes.HasPrefix(b[i:], bytes.Repeat(quote, 3)) {
		if end := bytes.Index(b[i+3:], bytes.Repeat(quote, 3)); end >= 0 {
			return i + 3 + end + 2
		}
		return len(b)
	}
	for k := i + 1; k < len(b); k++ {
		switch b[k] {
		case '\\':
			k++
		case quote[0], '\n':
			return k
		}
	}
	return len(b)
}
