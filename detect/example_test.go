package detect_test

import (
	"fmt"

	"github.com/reeve-ai/reeve/detect"
)

func Example() {
	engine, err := detect.New(detect.Options{
		Rules:    []string{"pii/*", "secret/*"},
		Literals: []detect.LiteralSet{{ID: "codenames", Words: []string{"blue heron"}, FoldCase: true}},
		Patterns: []detect.Pattern{{ID: "ticket", Expr: `\bTK-\d{4}\b`, MaxLen: 7}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	text := []byte("Blue Heron, ticket TK-2041: mail jane@example.org or call 212-555-0100.")
	for _, m := range engine.Find(nil, text) {
		fmt.Println(engine.RuleAt(m.Rule).ID, m.Start, m.End)
	}
	// Output:
	// codenames 0 10
	// ticket 19 26
	// pii/email 33 49
	// pii/phone 58 70
}

func ExampleStream() {
	engine, err := detect.New(detect.Options{Rules: []string{"pii/email"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, released := engine.NewStream(), 0
	for _, chunk := range []string{"Please mail ja", "ne@exam", "ple.org", " today"} {
		matches, safe := stream.Feed([]byte(chunk))
		for _, m := range matches {
			fmt.Printf("%q, then a match of %d bytes\n", stream.Bytes(released, m.Start), m.End-m.Start)
			released = m.End
		}
		if released < safe {
			fmt.Printf("%q\n", stream.Bytes(released, safe))
			released = safe
		}
	}
	_, safe := stream.End()
	fmt.Printf("%q\n", stream.Bytes(released, safe))
	// Output:
	// "Please mail "
	// "", then a match of 16 bytes
	// " "
	// "today"
}
