#!/usr/bin/env bash
# Measures the custody log beside Tessera's POSIX log and an SQLite table with the same durability. One JSON object a line.
#
#   bench/custody/run.sh                     all steps, ten seconds each, then the requests of a person; some minutes
#   bench/custody/run.sh append [flags]      the same without the latter   (-for 10s -inflight 512 -bytes 2048 -peers=false)
#   bench/custody/run.sh large [flags]       on a log of ten million records; 40 GB of disk (-records N -bytes N)
#   bench/custody/run.sh restart             seconds per GiB that is not sealed yet
#   bench/custody/run.sh smoke               every step, very short
#
# The folder for the logs is $TMPDIR; it should lie on a disk, not in memory. Nothing goes over the network but what go build needs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$(dirname "$here")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export GOWORK=off CGO_ENABLED=0

build() { go -C "$1" build -mod=readonly -buildvcs=false -trimpath -o "$dir/$2" "$3"; }

append() { build "$here" custodybench . && "$dir/custodybench" "$@" 2>"$dir/errors" || { tail -5 "$dir/errors" >&2; return 1; }; }
person() { build "$root" lifecyclebench ./bench/lifecycle && "$dir/lifecyclebench" "$@"; }
restart() { go -C "$root" test ./internal/custody -run '^$' -bench '^BenchmarkOpen$' -benchtime "${1:-5x}" | grep -E '^Bench|s/GiB'; }

what=${1:-all}
shift || true
case $what in
all) append -for 10s && person && restart ;;
append) append "$@" ;;
large) append -for 10s -records 10000000 -bytes 512 -peers=false "$@" ;;
restart) restart ;;
smoke) append -for 300ms -records 2000 && restart 1x ;;
*)
	sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
	;;
esac
