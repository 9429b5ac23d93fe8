// Package e2e drives reeve as its users do: the real binary before a real Ollama and a real llama.cpp server, called by
// the real clients (openai and ollama, each from npm and from PyPI).
//
// The tests carry the build tag e2e, so that go test ./... needs nothing that is not in the repository. Run them with
//
//	e2e/run.sh
//
// which builds and installs what they need into a cache ($REEVE_CACHE, default ~/.cache/reeve) and demands that none is
// skipped. Everything talks to loopback only.
//
// The models are made on the spot by package tinygguf. One of them recites: a digit at the end of the prompt makes it
// say a known text, so that a real runtime, with its own tokenizer, sampler, tool-call parser and stream writer, says
// what the guards are there for. What no small runtime does (several choices, broken streams) is played by a scripted
// upstream, see script_test.go.
package e2e
