#!/usr/bin/env bash
# Fifty people click through the console of a log with a million exchanges while two hundred more are written every second.
#
#   bench/console/run.sh          REEVE_CONSOLE_EXCHANGES=100000 REEVE_CONSOLE_SECONDS=20 bench/console/run.sh
#   bench/console/run.sh smoke    small, for CI: it must work, and its figures say nothing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [[ ${1:-} != smoke ]]; then
	export REEVE_CONSOLE_EXCHANGES=${REEVE_CONSOLE_EXCHANGES:-1000000} REEVE_CONSOLE_PEOPLE=${REEVE_CONSOLE_PEOPLE:-50} REEVE_CONSOLE_SECONDS=${REEVE_CONSOLE_SECONDS:-60}
fi
exec go test -run '^$' -bench '^BenchmarkPages$' -benchtime 1x -timeout 60m ./internal/console
