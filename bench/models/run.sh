#!/usr/bin/env bash
# Measures `reeve model scan` beside picklescan, in one run: CPU seconds for the same opcode-dense pickle, the header check of 10 GB files,
# hashing beside sha256sum, and `reeve model deps`.
#
#   bench/models/run.sh [smoke]
#
# picklescan's environment lies in $REEVE_CACHE (default ~/.cache/reeve). The large files are sparse: nothing is read from a disk,
# so that hashing shows what the processor does.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}/bench-models
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
megabytes=20 gigabytes=10
[[ ${1:-} == smoke ]] && megabytes=2 gigabytes=1

if ! "$venv/bin/picklescan" --help >/dev/null 2>&1; then
	rm -rf "$venv"
	python3 -m venv "$venv" >&2
	"$venv/bin/pip" install -q -r "$here/requirements.txt" >&2
fi
go build -C "$here/../.." -o "$work/reeve" ./cmd/reeve

# cpu COMMAND...: user and system seconds.
cpu() {
	local TIMEFORMAT='%U %S'
	{ time "$@" >/dev/null 2>&1 || true; } 2>&1 | awk '{print $1 + $2}'
}
least() {
	local best=999999 t
	for _ in 1 2 3; do
		t=$(cpu "$@")
		best=$(awk -v a="$best" -v b="$t" 'BEGIN{print (b < a) ? b : a}')
	done
	echo "$best"
}

python3 "$here/dense.py" "$work/dense.pkl" "$megabytes"
bytes=$(stat -c %s "$work/dense.pkl")
ours=$(least "$work/reeve" model scan "$work/dense.pkl")
theirs=$(least "$venv/bin/picklescan" -p "$work/dense.pkl")
awk -v b="$bytes" -v o="$ours" -v t="$theirs" 'BEGIN{
	printf "dense pickle, %.1f MB: reeve %.2f CPU-s (%.0f MB per CPU-second), picklescan %.2f CPU-s (%.1f MB per CPU-second): %.1f times\n", b/1e6, o, b/1e6/o, t, b/1e6/t, t/o}'

size=$((gigabytes * 1000000000))
truncate -s "$size" "$work/zeros"
openssl ecparam -name prime256v1 -genkey -noout -out "$work/key"
chmod 600 "$work/key"
wall() {
	local TIMEFORMAT=%R
	{ time "$@" >/dev/null; } 2>&1
}
one=$(wall sha256sum "$work/zeros")
shards=$(wall "$work/reeve" model sign "$work/zeros" --private-key "$work/key" --signature "$work/sig" --shard-size 1000000000)
awk -v g="$gigabytes" -v o="$one" -v s="$shards" -v n="$(nproc)" 'BEGIN{
	printf "hashing %d GB: sha256sum on one core %.1f s (%.2f GB/s); reeve model sign in shards on %d cores %.1f s (%.2f GB/s): %.0f %% of cores times sha256sum\n", g, o, g/o, n, s, g/s, 100*(g/s)/(n*g/o)}'
# A snapshot of a thousand packages, and a lock file of two hundred: the whole command, cold in every way but the page cache.
python3 - "$work" <<'PY'
import json, os, sys
os.makedirs(sys.argv[1] + "/advisories")
for i in range(1000):
    with open(f"{sys.argv[1]}/advisories/{i}.json", "w") as f:
        json.dump({"id": f"PYSEC-{i}", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "PyPI", "name": f"package-{i}"},
            "versions": [f"1.{k}" for k in range(500)], "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]}]}, f)
with open(sys.argv[1] + "/requirements.txt", "w") as f:
    f.writelines(f"package-{i}==1.{i % 500}\n" for i in range(0, 1000, 5))
PY
"$work/reeve" vulndb import "$work/advisories" --db "$work/vulndb" >/dev/null
awk -v t="$(least "$work/reeve" model deps "$work/requirements.txt" --db "$work/vulndb")" 'BEGIN{printf "model deps, 200 packages: %.0f ms of CPU time\n", 1000*t}'
go test -C "$here/../.." -run '^$' -bench Header -benchtime 20x ./internal/model | grep -E '^Benchmark'
