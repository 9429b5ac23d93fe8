//go:build linux

// Package access measures decisions: `bench/access/run.sh`.
package access

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
)

// cpu is the processor time of this process, collector included: on a machine that is not quiet it says more than the clock.
func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func engine(b *testing.B, more string) *access.Engine {
	b.Helper()
	src := access.Default()
	if more != "" {
		src.Policies = append(src.Policies, access.Source{Name: "more.cedar", Text: []byte(more)})
	}
	set, err := access.Compile(src, access.Options{})
	if err != nil {
		b.Fatal(err)
	}
	e, err := access.NewEngine(set)
	if err != nil {
		b.Fatal(err)
	}
	return e
}

func request() access.Request {
	return access.Request{
		Principal: reeve.Principal{
			ID: "user:ben", Kind: reeve.KindUser, Roles: []reeve.Role{reeve.RoleEmployee, reeve.RoleMLEngineer}, Groups: []string{"pilot", "support"},
			Clearance: reeve.NewLabel(reeve.Confidential, "PII"), Department: "research", Employment: reeve.EmploymentActive, Country: "DE", Training: []string{"privacy"},
		},
		Action: "dataset:train",
		Resource: access.Resource{
			Kind: access.KindDataset, Name: "tickets", Owner: "user:eve", SharedWith: []string{"user:ana", "group:support"}, Department: "research",
			Label: reeve.NewLabel(reeve.Confidential, "PII"), Regions: []string{"DE", "FR"}, Purposes: []string{"research"}, RequiredTraining: []string{"privacy"},
		},
		Context: access.Context{
			Now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Country: "DE", Purpose: "research", MFA: true, Device: access.DeviceManaged,
			Session: reeve.NewLabel(reeve.Internal),
		},
	}
}

func decide(b *testing.B, e *access.Engine, next func(i int) access.Request) {
	b.Helper()
	if d := access.Decide(e, next(0)); !d.Allow {
		b.Fatalf("%+v", d)
	}
	b.ReportAllocs()
	i := 0
	before := cpu()
	for b.Loop() {
		i++
		r := next(i)
		r.Context.Now = r.Context.Now.Add(time.Duration(i%3600) * time.Second) // another second each time: nothing is answered out of memory
		access.Decide(e, r)
	}
	b.ReportMetric(float64(cpu()-before)/float64(i), "cpu-ns/op")
}

// Cached: a principal and a resource that were asked about before; all checks of the request.
func BenchmarkDecideCached(b *testing.B) {
	r := request()
	decide(b, engine(b, ""), func(int) access.Request { return r })
}

// Again: the same question within the same second, as a busy key asks it.
func BenchmarkDecideAgain(b *testing.B) {
	r, e := request(), engine(b, "")
	before := cpu()
	i := 0
	for b.Loop() {
		i++
		if d := access.Decide(e, r); !d.Allow {
			b.Fatalf("%+v", d)
		}
	}
	b.ReportMetric(float64(cpu()-before)/float64(i), "cpu-ns/op")
}

// Used: the way of every request to a model.
func BenchmarkDecideModelUse(b *testing.B) {
	r := request()
	r.Action, r.Resource.Kind = access.ModelUse, access.KindModel
	decide(b, engine(b, ""), func(int) access.Request { return r })
}

// Built: another principal and another resource each time.
func BenchmarkDecideBuilt(b *testing.B) {
	r := request()
	training := [][]string{{"privacy"}, {"privacy", "x"}}
	decide(b, engine(b, ""), func(i int) access.Request {
		r.Principal.Training, r.Resource.RequiredTraining = training[i%2], training[i%2]
		return r
	})
}

// unrelated are n policies about other groups, other resources and other actions.
func unrelated(n int) string {
	var s strings.Builder
	for i := range n {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&s, "@id(\"more-%d\") permit (principal in Group::\"g%d\", action == Action::\"dataset:train\", resource) when { context.mfa };\n", i, i)
		case 1:
			fmt.Fprintf(&s, "@id(\"more-%d\") forbid (principal, action in Action::\"read\", resource == Dataset::\"d%d\") unless { context.mfa };\n", i, i)
		case 2:
			fmt.Fprintf(&s, "@id(\"more-%d\") permit (principal, action == Action::\"report:create\", resource) when { resource.label.level < %d };\n", i, i)
		}
	}
	return s.String()
}

func BenchmarkDecidePolicies20(b *testing.B) {
	r := request()
	decide(b, engine(b, ""), func(int) access.Request { return r })
}

func BenchmarkDecidePolicies1000More(b *testing.B) {
	r := request()
	decide(b, engine(b, unrelated(1000)), func(int) access.Request { return r })
}

// Reload: read, parse, check, slice and put in force what `reeve init` writes.
func BenchmarkReload(b *testing.B) {
	dir := b.TempDir()
	src := access.Default()
	for _, f := range append(src.Policies, src.Schemas...) {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), f.Text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	e := engine(b, "")
	i, before := 0, cpu()
	for b.Loop() {
		i++
		src, err := access.ReadDir(dir)
		if err != nil {
			b.Fatal(err)
		}
		set, err := access.Compile(src, access.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Swap(set); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu()-before)/float64(i), "cpu-ns/op")
}
