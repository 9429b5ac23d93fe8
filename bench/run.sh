#!/usr/bin/env bash
# Builds reeve and the gateway benchmark into a temporary folder, runs them, and removes what was built.
#
#   bench/run.sh                    everything: the comparison, then the trials; about 20 minutes
#   bench/run.sh compare [flags]    the comparison alone; flags of 'gatewaybench run', such as -rounds 1 -d 1s
#   bench/run.sh torture [flags]    records after kill -9 under load                (-kills 200)
#   bench/run.sh saturate [flags]   records beyond capacity                         (-d 10s -queue 16)
#   bench/run.sh reload [flags]     policy reloads under load                       (-reloads 100 -requests 100000)
#   bench/run.sh smoke              all of it, very short, without goals: does it run at all?
#
# Results are JSON lines on standard output, tables and goals on standard error. The programs that are compared stand in
# $TARGETS (default: bench/gateway/reeve.env). NO_FASTHTTP=1 leaves that baseline out. REEVE names a binary that is built
# already.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT

build() { GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false -trimpath' CGO_ENABLED=0 go -C "$1" build -o "$bin/$2" "$3"; }
build "$here/gateway" gatewaybench .
if [[ -z ${REEVE:-} ]]; then
	build "$root" reeve ./cmd/reeve
	REEVE=$bin/reeve
fi
export REEVE
fast=()
if [[ -z ${NO_FASTHTTP:-} ]]; then
	build "$here/gateway" fasthttpproxy ./fasthttpproxy
	fast=(-fasthttp "$bin/fasthttpproxy")
fi

compare() {
	(
		set -a
		# shellcheck source=gateway/reeve.env
		. "${TARGETS:-$here/gateway/reeve.env}"
		set +a
		"$bin/gatewaybench" run "${fast[@]}" "$@"
	)
}
trial() { "$bin/gatewaybench" "$1" -reeve "$REEVE" "${@:2}"; }
reload() { trial reload -policy "$root/policies/guard.yaml" "$@"; }

status=0
case ${1:-all} in
all)
	compare -rounds 5 -scenarios c1,c32,burst,paced,ndjson,many -buffered || status=1
	trial torture || status=1
	trial saturate || status=1
	trial saturate -queue 16 || status=1
	reload || status=1
	;;
smoke)
	compare -rounds 1 -d 500ms -warm 200ms -scenarios c1,c32,burst,paced,ndjson -goals 'errors<=0 policy_leak_bytes<=0' || status=1
	trial torture -kills 3 || status=1
	trial saturate -d 2s -queue 16 || status=1
	reload -reloads 4 -requests 4000 -limit 5s || status=1
	;;
compare) compare "${@:2}" || status=1 ;;
torture | saturate) trial "$@" || status=1 ;;
reload) reload "${@:2}" || status=1 ;;
*)
	sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
	;;
esac
exit $status
