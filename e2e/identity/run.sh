#!/usr/bin/env bash
# Runs the end-to-end suite of identity for real, with nothing skipped: a Keycloak server, a PostgreSQL server and Chromium.
#
#   e2e/identity/run.sh [flags of go test]
#
# As root on Debian, what is missing is installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ! command -v chromium >/dev/null; then
	apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2
fi
REEVE_E2E_CHROMIUM=$(command -v chromium)
REEVE_E2E_KEYCLOAK=$("$here/keycloak.sh")
export REEVE_E2E_CHROMIUM REEVE_E2E_KEYCLOAK REEVE_E2E_REQUIRE=1
cd "$here"
./postgres.sh go test -count=1 ../../internal/store
./postgres.sh go test -count=1 -run TwentyReviewers ../../internal/people
./postgres.sh go test -tags e2e -count=1 -timeout 15m "$@" .
