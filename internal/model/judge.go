package model

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/pickle"
)

// judgePickle turns what a pickle would do into findings. where names the member of a container, "" for the file itself.
func (s *Scanner) judgePickle(r *Result, where string, p *pickle.Report) {
	for _, i := range p.Imports {
		v, why := s.judgeImport(i)
		if v == Clean {
			continue
		}
		r.note(v, reeve.Finding{
			Rule: ruleOfImport(v), Field: where, Start: int(i.Pos), End: int(i.Pos),
			Message: fmt.Sprintf("%s of %s: %s", verb(i), quoteName(i.Module, i.Name), why),
			Remedy:  remedyOfImport(v),
		})
	}
	s.judgeNested(r, where, p)
	for i := range p.Violations {
		x := &p.Violations[i]
		v := severityOfViolation(x.Rule)
		r.note(v, reeve.Finding{
			Rule: "model/pickle-" + string(x.Rule), Field: where, Start: int(x.Pos), End: int(x.Pos),
			Message: violationText(x), Remedy: "do not load this file; take the weights as safetensors from a source that signs them",
		})
	}
}

// judgeNested judges pickles in the constants of another: nothing runs them yet, so only what is malicious in them counts.
func (s *Scanner) judgeNested(r *Result, where string, p *pickle.Report) {
	for _, in := range p.Nested {
		for _, i := range in.Imports {
			if v, why := s.judgeImport(i); v == Malicious {
				r.note(v, reeve.Finding{
					Rule: "model/pickle-nested", Field: where,
					Message: fmt.Sprintf("a pickle in a constant of this one: %s of %s: %s", verb(i), quoteName(i.Module, i.Name), why),
					Remedy:  remedyOfImport(v),
				})
			}
		}
		s.judgeNested(r, where, in)
	}
}

func ruleOfImport(v Verdict) string {
	if v == Malicious {
		return "model/pickle-import"
	}
	return "model/pickle-unknown-import"
}

func remedyOfImport(v Verdict) string {
	if v == Malicious {
		return "do not load this file; take the weights as safetensors from a source that signs them"
	}
	return "have the code behind this name reviewed and pin the file by its hash, or save the weights alone (state_dict, safetensors)"
}

func verb(i *pickle.Import) string {
	if i.Calls > 0 {
		return "call"
	}
	return "import"
}

// quoteName writes a name out of a file so that it cannot disturb a terminal or a report.
func quoteName(module, name string) string {
	full := module + "." + name
	if len(full) > 200 {
		full = full[:200] + "…"
	}
	for _, c := range full {
		if c > unicode.MaxASCII || !unicode.IsPrint(c) {
			return fmt.Sprintf("%+q", full)
		}
	}
	return full
}

// judgeImport says what an import is worth, and why.
func (s *Scanner) judgeImport(i *pickle.Import) (Verdict, string) {
	if !isModuleName(i.Module) || i.Name == "" {
		return Malicious, "no such name can exist, so it is there to mislead"
	}
	if i.Name == "getattr" && i.Resolved > 0 && i.Resolved == i.Calls && i.Count == 1 && (i.Module == "builtins" || i.Module == "__builtin__") {
		return Clean, "" // what it gets is an import of its own
	}
	if s.isMember(i) {
		return Clean, ""
	}
	if strings.Contains(i.Name, ".") {
		return Malicious, "a name with a dot reaches through an object to another"
	}
	if inFamily(i.Module, i.Name, i.Calls) {
		return Clean, ""
	}
	if strings.HasPrefix(i.Name, "__") && !allowed.has(i.Module, i.Name) {
		return Malicious, "a special attribute"
	}
	switch gradeOf(i.Module, i.Name) {
	case gradeClean:
		return judgeAllowed(i)
	case gradeReview:
		return Review, "it runs code on data of the file"
	}
	v, why := judgeUnknown(i)
	if v == Review && s.opts.Allow[i.Module+"."+i.Name] {
		return Clean, "" // what is malicious nobody can allow by its name
	}
	return v, why
}

// isMember reports whether an import is a member of an enumeration whose class is clean: CLASS.MEMBER, in capitals, which is data.
func (s *Scanner) isMember(i *pickle.Import) bool {
	class, member, ok := strings.Cut(i.Name, ".")
	if !ok || i.Calls > 0 && i.Name != "ZoneInfo._unpickle" || gradeOf(i.Module, class) != gradeClean && !inFamily(i.Module, class, 0) {
		return false
	}
	return member != "" && strings.Trim(member, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && member[0] != '_' || i.Module == "zoneinfo" && i.Name == "ZoneInfo._unpickle"
}

// judgeAllowed looks at arguments where an allowed function can be led astray by them.
func judgeAllowed(i *pickle.Import) (Verdict, string) {
	if i.Module == "_codecs" && i.Name == "encode" {
		for n, a := range i.Args {
			if n%2 == 1 && !slices.Contains([]string{"latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8", "raw_unicode_escape"}, strings.ToLower(a)) {
				return Review, "an encoding that no pickle of bytes uses"
			}
		}
	}
	return Clean, ""
}

// judgeUnknown is for imports that stand in no table.
func judgeUnknown(i *pickle.Import) (Verdict, string) {
	top, _, _ := strings.Cut(i.Module, ".")
	switch {
	case stdlib[top]:
		return Malicious, "a model has no use for it: it is part of Python's standard library and holds no weights"
	case tools[top]:
		return Malicious, "a package that runs, builds or fetches code"
	case frameworks[top] && hasRunPart(i.Module):
		return Malicious, "a part of " + top + " that runs, fetches or compiles code"
	case frameworks[top] && !isClassName(i.Name):
		return Malicious, "a function of " + top + " that is not among those which load weights"
	case suspicious(i.Args):
		return Malicious, "it is given a command, code or an address"
	case hasToolPart(i.Module):
		return Malicious, "the module's name says that it runs or tests code"
	case frameworks[top]:
		return Review, "a class of " + top + ": loading it runs that library's code on data of the file"
	case i.Module == "__main__":
		return Review, "a class of the program that wrote the file"
	case i.Function && !isClassName(i.Name):
		return Review, "an unknown function of an unknown package is called"
	}
	return Review, "unknown code"
}

// isClassName reports whether a name is written as Python writes classes: Upper case first, leading underscores apart.
func isClassName(name string) bool {
	name = strings.TrimLeft(name, "_")
	return name != "" && name[0] >= 'A' && name[0] <= 'Z'
}

// isModuleName reports whether Python could import the module by that name.
func isModuleName(module string) bool {
	for _, part := range strings.Split(module, ".") {
		for k, c := range part {
			if c != '_' && !unicode.IsLetter(c) && (k == 0 || !unicode.IsDigit(c) && !unicode.Is(unicode.Mn, c)) && c != '-' {
				return false
			}
		}
		if part == "" {
			return false
		}
	}
	return true
}

func hasToolPart(module string) bool {
	for _, part := range strings.Split(module, ".") {
		switch strings.Trim(part, "_") {
		case "testing", "tests", "test", "f2py", "distutils", "subprocess", "exec", "shell", "cli", "setup", "debug", "inductor", "hub", "spawn", "runpy", "os", "sys", "pty":
			return true
		}
	}
	return false
}

// hasRunPart reports whether a module is a part of a framework that holds no data.
func hasRunPart(module string) bool {
	for part := range strings.SplitSeq(module, ".") {
		switch part {
		case "package", "fx", "_dynamo", "_inductor", "hub", "multiprocessing", "rpc", "collect_env", "bottleneck", "cpp_extension", "datapipes", "io", "jiterator", "saving", "pipelines":
			return true
		}
	}
	return false
}

// attack is what stands in arguments that are commands, code or addresses.
var attack = regexp.MustCompile(`(?i)\b(?:import\s+\w|exec\s*\(|eval\s*\(|system\s*\(|popen|subprocess|__import__|lambda\b|os\.|sys\.|/bin/|/etc/|/tmp/|/dev/(?:tcp|shm)|powershell|cmd(?:\.exe)?\s*/c|curl\s|wget\s|nc\s+-|bash\b|rm\s+-|chmod\s|base64\s+-d)|(?:https?|ftp|file|gopher|ldap|jndi)://|(?:^|[;&|]\s*)(?:sh|cat|touch|whoami|id|ls|echo|python3?|calc|open)\b`)

func suspicious(args []string) bool { return slices.ContainsFunc(args, attack.MatchString) }

func severityOfViolation(r pickle.Rule) Verdict {
	switch r {
	case pickle.TooMuch, pickle.Expansion:
		return Review
	case pickle.Malformed, pickle.NoStop:
		return Invalid
	}
	return Malicious
}

func violationText(v *pickle.Violation) string {
	text := map[pickle.Rule]string{
		pickle.ComputedImport: "the name of an import is computed while loading, so nobody can know it before",
		pickle.ComputedCall:   "something is called that is no import, so nobody can know it before",
		pickle.ExtensionCode:  "an extension code imports what only the reader's registry knows",
		pickle.BuildGlobal:    "attributes of an imported module or class are overwritten",
		pickle.StoreIntoOther: "items are put into something that takes none",
		pickle.FrameCrossed:   "an opcode crosses the end of its frame, which two readers read in two ways",
		pickle.TooMuch:        "the stream is larger than the machine holds",
		pickle.Expansion:      "a few bytes stand for an enormous number of values",
		pickle.Malformed:      "the stream is no sound pickle",
		pickle.NoStop:         "the stream ends in the middle",
		pickle.OutOfStorage:   "a tensor reaches beyond the storage that it is given",
	}[v.Rule]
	if v.Detail == "" {
		return text
	}
	return text + " (" + quoteName("", v.Detail)[1:] + ")"
}
