#!/usr/bin/env bash
# Installs llama.cpp's server, as the Python package llama-cpp-python brings it, and prints the path of its Python.
#
#   e2e/llamacpp/build.sh          → $REEVE_CACHE/llamacpp-0.3.36-DIGEST/bin/python
#
# The second real runtime behind the gateway: it speaks the OpenAI dialect only. The package compiles llama.cpp (g++,
# cmake and ninja come with the build's own Python packages), so the environment is kept under version and recipe digest.
set -euo pipefail

version=0.3.36
cache=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}
recipe=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
dir=$cache/llamacpp-$version-$recipe

if [[ -e $dir/complete ]]; then
	echo "$dir/bin/python"
	exit 0
fi

rm -rf "$dir"
mkdir -p "$cache"
python3 -m venv "$dir"
export CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_OPENMP=OFF -DLLAVA_BUILD=OFF -DLLAMA_CURL=OFF"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-2}
started=$SECONDS
echo "e2e/llamacpp: installing llama-cpp-python $version (it compiles llama.cpp, once)" >&2
nice -n 10 "$dir/bin/pip" install --quiet --disable-pip-version-check "llama-cpp-python[server]==$version" >&2
echo "e2e/llamacpp: installed in $((SECONDS - started)) s" >&2
touch "$dir/complete"
echo "$dir/bin/python"
