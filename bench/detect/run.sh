#!/usr/bin/env bash
# Builds reeve, the detection benchmark and the engines beside it into a temporary folder, runs them, and removes what was
# built.
#
#   bench/detect/run.sh                      speed, again, memory, noise; about 30 minutes
#   bench/detect/run.sh speed [flags]        MB per CPU-second beside Hyperscan, gitleaks and Presidio   (-rounds 3)
#   bench/detect/run.sh again                what a second scan costs when 1 % has changed
#   bench/detect/run.sh memory [flags]       peak memory on a large file                                 (-gb 20)
#   bench/detect/run.sh noise [flags]        findings in text that holds nothing                         (-show)
#   bench/detect/run.sh quality [-docs FILE] precision and recall on labelled documents                  (-show 5)
#   bench/detect/run.sh smoke                all but quality, very short, without the engines beside it
#
# MB is the size of the corpus (default 200). The engines beside it: gitleaks is built from its Go module, Hyperscan is a C
# program of its own over Debian's libhyperscan-dev, Presidio comes from PyPI into $REEVE_CACHE. None is part of reeve.
# NO_PEERS=1 leaves them out. REEVE names a binary that is built already.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$(dirname "$here")")
cache=${REEVE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/reeve}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$here"

build() { GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false -trimpath' CGO_ENABLED=0 go -C "$1" build -o "$dir/$2" "$3"; }
build "$here" detectbench .
if [[ -z ${REEVE:-} ]]; then
	build "$root" reeve ./cmd/reeve
	REEVE=$dir/reeve
fi

peers() {
	[[ -z ${NO_PEERS:-} ]] || return 0
	build "$here" gitleaks github.com/zricethezav/gitleaks/v8
	if [[ ! -e /usr/include/hs/hs.h ]]; then
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libhyperscan-dev gcc libc6-dev >/dev/null
	fi
	cc -O2 -o "$dir/hsbench" hyperscan/scan.c -lhs
	local venv=$cache/presidio
	if [[ ! -x $venv/bin/python ]] || ! "$venv/bin/python" -c 'import presidio_analyzer' 2>/dev/null; then
		python3 -m venv "$venv" && "$venv/bin/pip" install -q -r presidio/requirements.txt
	fi
	flags=(-gitleaks "$dir/gitleaks" -hyperscan "$dir/hsbench" -python "$venv/bin/python")
}

corpus() { [[ -e $dir/corpus.jsonl ]] || "$dir/detectbench" corpus "$dir/corpus.jsonl" "${MB:-200}"; }
flags=()
speed() { corpus && peers && "$dir/detectbench" speed -reeve "$REEVE" -corpus "$dir/corpus.jsonl" -dir "$dir" "${flags[@]}" "$@"; }
again() { corpus && "$dir/detectbench" again -reeve "$REEVE" -corpus "$dir/corpus.jsonl" -dir "$dir" "$@"; }
memory() { corpus && "$dir/detectbench" memory -reeve "$REEVE" -corpus "$dir/corpus.jsonl" -dir "$dir" "$@"; }
noise() { "$dir/detectbench" noise -reeve "$REEVE" -dir "$dir" "$@"; }
# quality makes documents of its own where none are given: sentences written for this, values from a library of fakes.
quality() {
	if [[ " $* " != *' -docs '* ]]; then
		local venv=$cache/labelled
		[[ -x $venv/bin/faker ]] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q -r labelled/requirements.txt; }
		"$venv/bin/python" labelled/make.py 3000 >"$dir/docs.jsonl"
		set -- -docs "$dir/docs.jsonl" "$@"
	fi
	judge "$@"
}
judge() { "$dir/detectbench" quality -reeve "$REEVE" -dir "$dir" "$@"; }

status=0
case ${1:-all} in
all)
	for what in speed again memory noise; do
		echo "== $what"
		"$what" || status=1
	done
	;;
smoke)
	export MB=6 NO_PEERS=1
	speed -rounds 1 >/dev/null || [[ $? -eq 1 ]] || status=1
	again >/dev/null || [[ $? -eq 1 ]] || status=1 # the goal is not judged on so little data, the result is
	memory -gb 1
	noise -size 200000 || status=1
	;;
speed | again | memory | noise | quality) "$@" || status=1 ;;
*)
	echo "run.sh does not know $1" >&2
	exit 2
	;;
esac
exit $status
