#!/usr/bin/env bash
# What a decision costs in processor time: median of the runs of each benchmark, and the ratio of 1,000 more policies to none.
# usage: bench/access/run.sh [runs]      (5)
set -euo pipefail
cd "$(dirname "$0")/../.."
go test ./bench/access -run '^$' -bench . -count "${1:-5}" -benchtime 0.5s -cpu 1 | awk '
  /^Benchmark/ { for (i = 4; i <= NF; i++) if ($i == "cpu-ns/op") { n[$1]++; v[$1, n[$1]] = $(i - 1) } }
  END {
    for (b in n) {
      for (i = 1; i <= n[b]; i++) a[i] = v[b, i]
      for (i = 2; i <= n[b]; i++) { x = a[i]; for (j = i - 1; j > 0 && a[j] > x; j--) a[j + 1] = a[j]; a[j + 1] = x }
      m[b] = a[int((n[b] + 1) / 2)]; least[b] = a[1]
      printf "%-32s p50 %10.0f CPU ns   least %10.0f CPU ns\n", b, m[b], a[1]
    }
    p = "BenchmarkDecidePolicies"
    printf "ratio_1000_more  p50 %.2f   least %.2f\n", m[p "1000More"] / m[p "20"], least[p "1000More"] / least[p "20"]
  }'
