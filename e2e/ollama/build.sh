#!/usr/bin/env bash
# Builds the real Ollama from its Go module and prints the path of the binary.
#
#   e2e/ollama/build.sh            → $REEVE_CACHE/ollama-v0.24.0-DIGEST/ollama
#
# Ollama is a runtime that reeve governs, not a part of reeve: it is built here so that the end-to-end suites talk to
# the real program. v0.24.0 is the last release whose module carries llama.cpp's sources. A module archive has no
# vendor folders, so three headers that Ollama vendors come from elsewhere: two Debian packages and one Go module.
#
# The binary is kept under the version and the digest of this file, so a changed recipe builds anew and an unchanged
# one costs nothing. Needs root or installed packages for apt-get; about 8 CPU minutes and 1 GB of memory when it builds.
set -euo pipefail

version=v0.24.0
malgo=v0.11.24
cache=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}
recipe=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
dir=$cache/ollama-$version-$recipe
bin=$dir/ollama

if [[ -x $bin ]]; then
	echo "$bin"
	exit 0
fi

# header NAME PACKAGE: makes sure that a header of a Debian package is there.
header() {
	[[ -e /usr/include/$1 ]] && return
	for try in 1 2 3; do
		apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >&2 && return
		echo "e2e/ollama: apt-get failed for $2 (try $try of 3)" >&2
		sleep $((try * 5))
	done
	return 1
}
command -v g++ >/dev/null || header c++/none g++
header nlohmann/json.hpp nlohmann-json3-dev
header stb/stb_image.h libstb-dev

mkdir -p "$cache"
work=$(mktemp -d "$cache/ollama-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

audio=$(GOFLAGS=-mod=mod go mod download -json "github.com/gen2brain/malgo@$malgo" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
mkdir -p include/miniaudio
ln -s "$audio/miniaudio.h" include/miniaudio/miniaudio.h

started=$SECONDS
echo "e2e/ollama: building $version (about 8 CPU minutes, once)" >&2
GOBIN=$work CGO_ENABLED=1 CGO_CPPFLAGS="-I$work/include" CGO_CXXFLAGS="-O2 -w" CGO_CFLAGS="-O2 -w" \
	nice -n 10 go install -trimpath \
	-ldflags "-s -w -X github.com/ollama/ollama/version.Version=${version#v}" \
	"github.com/ollama/ollama@$version" >&2
echo "e2e/ollama: built in $((SECONDS - started)) s" >&2

rm -rf "$dir"
mkdir -p "$dir"
mv ollama "$bin"
echo "$bin"
