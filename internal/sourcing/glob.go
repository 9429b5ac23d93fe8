package sourcing

import (
	"errors"
	"path"
	"strings"
)

const (
	maxGlob     = 512
	maxSegments = 32
)

// checkGlob refuses patterns that cannot mean a file of the folder.
func checkGlob(g string) error {
	switch {
	case g == "" || len(g) > maxGlob || strings.Count(g, "/") >= maxSegments:
		return errors.New("want a glob of 1 to 512 bytes and at most 32 parts")
	case strings.HasPrefix(g, "/") || strings.Contains(g, "\\") || strings.Contains(g, "\n"):
		return errors.New("want a glob below the folder of the manifest, with slashes")
	}
	for segment := range strings.SplitSeq(g, "/") {
		if segment == ".." || segment == "." {
			return errors.New("a glob has no . and no .. in it")
		}
		if _, err := path.Match(segment, ""); err != nil {
			return errors.New("the glob is malformed")
		}
	}
	return nil
}

// match reports whether a glob means a path. "*", "?" and "[…]" stay within a part of the path, "**" stands for any
// number of parts. A pattern that means a folder ("web/") means everything below it.
func match(glob, name string) bool {
	if strings.HasSuffix(glob, "/") {
		glob += "**"
	}
	return matchParts(strings.Split(glob, "/"), strings.Split(name, "/"))
}

// matchParts fills the row of a table for each part of the pattern, so that its time is at most the product of both
// lengths whatever the pattern says.
func matchParts(pattern, name []string) bool {
	row := make([]bool, len(name)+1) // row[i]: the pattern so far means name[:i]
	row[0] = true
	for _, p := range pattern {
		next := make([]bool, len(name)+1)
		if p == "**" {
			open := false
			for i := range row {
				open = open || row[i]
				next[i] = open
			}
		} else {
			for i, part := range name {
				if ok, err := path.Match(p, part); row[i] && ok && err == nil {
					next[i+1] = true
				}
			}
		}
		row = next
	}
	return row[len(name)]
}

func matchAny(globs []string, name string) bool {
	for _, g := range globs {
		if match(g, name) {
			return true
		}
	}
	return false
}
