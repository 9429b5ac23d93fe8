#!/usr/bin/env bash
# Runs the end-to-end suites for real: builds or installs the runtimes and the clients, then tests with nothing skipped.
#
#   e2e/run.sh [flags of go test]        e2e/run.sh -run TestClients -v
#
# Sign-in and revocation have a suite of their own, e2e/identity/run.sh, with Keycloak, PostgreSQL and Chromium.
#
# What is built lies in $REEVE_CACHE (default ~/.cache/reeve) and is used again. Needs Go, a C++ compiler, Python 3 with
# venv, and npm; as root on Debian, what is missing is installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# package COMMAND NAME...: installs Debian packages where a command is missing.
package() {
	command -v "$1" >/dev/null && return
	shift
	for try in 1 2 3; do
		apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >&2 && return
		echo "e2e: apt-get failed for $* (try $try of 3)" >&2
		sleep $((try * 5))
	done
	return 1
}
package g++ g++
python3 -c 'import ensurepip, venv' 2>/dev/null || package python3-with-venv python3 python3-venv
package npm npm

REEVE_E2E_OLLAMA=$("$here/ollama/build.sh")
REEVE_E2E_LLAMACPP=$("$here/llamacpp/build.sh")
REEVE_E2E_CLIENTS=$("$here/clients/install.sh")
export REEVE_E2E_OLLAMA REEVE_E2E_LLAMACPP REEVE_E2E_CLIENTS REEVE_E2E_REQUIRE=1

# The tests stop what they start. Should they themselves be stopped by their time limit, what is left of their session goes too.
cd "$here"
setsid --wait go test -tags e2e -count=1 -timeout 15m "$@" . &
session=$!
trap 'pkill -KILL -s "$session" || true' EXIT
wait "$session"
