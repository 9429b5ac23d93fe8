package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// goal is a bound on one figure. It holds for every program under test, or for the named one alone.
type goal struct {
	target, figure, op string
	bound              float64
}

type goalList []goal

// parseGoals reads goals as 'c32_cpu_ratio<=0.75 reeve:errors<=0'.
func parseGoals(s string) (g goalList, err error) {
	re := regexp.MustCompile(`^(?:([A-Za-z0-9._-]+):)?([a-z0-9_]+)(<=|>=)([0-9.]+)$`)
	for f := range strings.FieldsSeq(s) {
		x := re.FindStringSubmatch(f)
		if x == nil {
			return nil, fmt.Errorf("goal %q is not name<=number or name>=number", f)
		}
		v, err := strconv.ParseFloat(x[4], 64)
		if err != nil {
			return nil, err
		}
		g = append(g, goal{x[1], x[2], x[3], v})
	}
	return g, nil
}

// check prints every goal of the target as met, missed or not measured; the last two are false.
func (g goalList) check(name string, m []figure) bool {
	ok := true
	for _, x := range g {
		if x.target != "" && x.target != name {
			continue
		}
		said := "met"
		i := slices.IndexFunc(m, func(y figure) bool { return y.name == x.figure })
		switch {
		case i < 0:
			fmt.Fprintf(os.Stderr, "GOAL %s: %s%s%g not measured\n", name, x.figure, x.op, x.bound)
			ok = false
			continue
		case x.op == "<=" && m[i].value > x.bound || x.op == ">=" && m[i].value < x.bound:
			said, ok = "missed", false
		}
		fmt.Fprintf(os.Stderr, "GOAL %s: %s%s%g %s: %s\n", name, x.figure, x.op, x.bound, said, num(m[i].value))
	}
	return ok
}
