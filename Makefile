# Short names for what a person types. CI runs .ci/run, which is `make ci`.
.DEFAULT_GOAL := help
.PHONY: help build test race lint fuzz e2e bench torture demo ci

help: ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

build: ## ./reeve
	CGO_ENABLED=0 go build -trimpath -o reeve ./cmd/reeve

test: ## what needs nothing but Go
	go test ./...

race: ## the same under the race detector (needs a C compiler)
	.ci/run race

lint: ## gofumpt, go vet, staticcheck, shell syntax
	.ci/run lint

fuzz: ## each parser, ten seconds
	.ci/run fuzz

e2e: ## real runtimes and real clients; builds them once
	e2e/run.sh

bench: ## compare with a bare proxy, then the trials; twenty minutes
	bench/run.sh

torture: ## the long trials of the custody log and of access control
	REEVE_LONG=1 go test -run 'Kill|Fault|LongTail|SystemCalls|SmallDisk|Flip' -timeout 170m -v ./internal/custody
	REEVE_TORTURE=1 go test -run MandatoryExhaustive -v ./internal/access
	REEVE_LONG=1 go test -timeout 60m -v ./e2e/verifier
	REEVE_HOLD_STEPS=1000000 go test -run LedgerNeverErases -timeout 60m -v ./internal/lifecycle
	REEVE_LONG=1 go test -run 'Kill9' -timeout 60m -v ./internal/keyring
	REEVE_LONG=1 go test -run 'TestMutations|TestMemory' -timeout 120m -v ./internal/model

demo: ## the main job, offline
	go run ./cmd/reeve demo

ci: ## all that must pass
	.ci/run
