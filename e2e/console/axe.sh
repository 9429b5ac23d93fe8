#!/usr/bin/env bash
# Prints the path of axe-core (MPL-2.0, Deque Systems; used by the tests and no part of reeve), fetched once into the cache.
set -euo pipefail
version=4.14.1
cache=${REEVE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/reeve}/axe-core-$version
if [[ ! -e $cache/axe.min.js ]]; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/fetch.XXXXXX")
	for try in 1 2 3; do
		(cd "$work" && npm pack --silent "axe-core@$version" >/dev/null) && break
		echo "e2e: npm pack failed (try $try of 3)" >&2
		sleep $((try * 5))
	done
	tar -xzf "$work"/axe-core-*.tgz -C "$work" package/axe.min.js package/LICENSE
	mv "$work/package/LICENSE" "$cache/LICENSE"
	mv "$work/package/axe.min.js" "$cache/axe.min.js"
	rm -rf "$work"
fi
echo "$cache/axe.min.js"
