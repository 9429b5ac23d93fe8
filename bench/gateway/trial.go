package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// result is what a trial found; figures whose name ends in _lost, _failed or is bad_answers must be zero.
type result []figure

// sound says whether nothing was lost.
func (r result) sound() bool {
	for _, f := range r {
		if f.value != 0 && (strings.HasSuffix(f.name, "_lost") || strings.HasSuffix(f.name, "_failed") || f.name == "bad_answers") {
			return false
		}
	}
	return true
}

// trial runs one trial on a fresh data directory, prints its result as a JSON line and gives the exit status.
func trial(bin string, run func(*reeve) (result, error)) int {
	started := time.Now()
	tmp, err := os.MkdirTemp("", "gatewaybench-")
	if err != nil {
		fatal(err)
	}
	defer os.RemoveAll(tmp)
	mock, err := mockFor()
	defer mock.stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gatewaybench:", err)
		return 1
	}
	r, err := newReeve(bin, tmp, mock.base.String())
	if err != nil {
		fmt.Fprintln(os.Stderr, "gatewaybench:", err)
		return 1
	}
	res, err := run(r)
	r.signal(9) // whatever is left of it
	res = append(res, figure{"seconds", time.Since(started).Seconds()})
	fmt.Printf(`{"trial":%q`, os.Args[1])
	for _, f := range res {
		fmt.Printf(`,%q:%s`, f.name, num(f.value))
	}
	fmt.Println("}")
	if err != nil {
		fmt.Fprintf(os.Stderr, "gatewaybench: %v\n%s\n", err, r.log())
	}
	if err != nil || !res.sound() {
		return 1
	}
	return 0
}

// observed is a load whose exchanges a ledger keeps.
func (r *reeve) observed(s scenario, book *ledger) loadSpec {
	p := r.spec(s)
	p.observe = book.observe
	return p
}

// bad is how many answers were neither a right 200 nor a 503. An exchange without any answer does not count: under
// torture the connection dies with the process.
func (l *ledger) bad() (n int) {
	for _, k := range l.others {
		n += k
	}
	return n
}

// complain names the bad answers.
func (l *ledger) complain() error {
	if len(l.others) == 0 {
		return nil
	}
	var all []string
	for what, n := range l.others {
		all = append(all, fmt.Sprintf("%d × %s", n, what))
	}
	slices.Sort(all)
	return errors.New("bad answers: " + strings.Join(all, "; "))
}
