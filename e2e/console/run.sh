#!/usr/bin/env bash
# Runs the browser suite of the console for real, with nothing skipped: Chromium and axe-core.
#
#   e2e/console/run.sh [flags of go test]        REEVE_SCREENSHOTS=/tmp/shots e2e/console/run.sh -v
#
# As root on Debian, what is missing is installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# package COMMAND NAME…: installs Debian packages where a command is missing.
package() {
	command -v "$1" >/dev/null && return
	shift
	apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}
package chromium chromium
package npm npm
REEVE_E2E_CHROMIUM=$(command -v chromium)
REEVE_E2E_AXE=$("$here/axe.sh")
export REEVE_E2E_CHROMIUM REEVE_E2E_AXE REEVE_E2E_REQUIRE=1
cd "$here"
exec go test -tags e2e -count=1 -timeout 10m "$@" .
