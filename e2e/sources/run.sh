#!/usr/bin/env bash
# Holds exports of `reeve sources` and statements against the readers that others wrote: mlcroissant (Croissant 1.1), the SPDX
# project's model of SPDX 3, securesystemslib (DSSE). Where they cannot be installed it says so and ends with 0; with REEVE_E2E_REQUIRE=1 it ends with 1.
#
#   e2e/sources/run.sh
#
# The environment lies in $REEVE_CACHE (default ~/.cache/reeve) and is used again. Needs Go and Python 3 with venv.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}/e2e-sources
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! "$venv/bin/python" -c 'import mlcroissant, securesystemslib, spdx_python_model' 2>/dev/null; then
	rm -rf "$venv"
	if ! { python3 -m venv "$venv" && "$venv/bin/pip" install -q -r "$here/requirements.txt"; } >&2; then
		echo "e2e: skipped: what requirements.txt names cannot be installed" >&2
		exit "${REEVE_E2E_REQUIRE:-0}"
	fi
fi

go build -C "$here/../.." -o "$work/reeve" ./cmd/reeve
cp -r "$here/sample" "$work/data"
# Both a manifest with all there is to say and a bare draft must be readable.
cp -r "$work/data" "$work/bare"
rm "$work/bare/sourcing.yaml"
"$work/reeve" sources init "$work/bare" 2>/dev/null
for name in data bare; do
	"$work/reeve" sources export "$work/$name" --format croissant -o "$work/$name.croissant.json" 2>/dev/null
	"$work/reeve" sources export "$work/$name" --format spdx3 -o "$work/$name.spdx3.json" 2>/dev/null
	"$venv/bin/python" "$here/validate.py" "$work/$name.croissant.json" "$work/$name.spdx3.json"
done

# Statements verify elsewhere, with either kind of key, and their directory hash is what sha256sum comes to.
hash=h1:$(cd "$work/data" && find . -type f ! -name sourcing.yaml | sed 's|^\./||' | LC_ALL=C sort | xargs sha256sum | sha256sum |
	cut -d' ' -f1 | "$venv/bin/python" -c 'import base64, sys; print(base64.b64encode(bytes.fromhex(sys.stdin.read().strip())).decode())')
for algorithm in ed25519 ecdsa-p256; do
	key=$work/$algorithm.key
	"$work/reeve" attest keygen -o "$key" --algorithm "$algorithm" >/dev/null
	"$work/reeve" scan -q --no-cache --summary --statement "$work/$algorithm.intoto.jsonl" --sign-key "$key" "$work/data" >/dev/null
	"$venv/bin/python" "$here/verify.py" "$work/$algorithm.intoto.jsonl" "$key.pub" "$hash"
done
