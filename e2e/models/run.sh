#!/usr/bin/env bash
# Holds `reeve model sign|verify` against the reference implementation of OpenSSF Model Signing: each verifies what the other signed,
# by key and by certificate, a folder and one file, and neither accepts a changed byte. Where the reference cannot be installed
# it says so and ends with 0; with REEVE_E2E_REQUIRE=1 it ends with 1.
#
#   e2e/models/run.sh
#
# The environment lies in $REEVE_CACHE (default ~/.cache/reeve) and is used again. Needs Go, openssl and Python 3 with venv.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}/e2e-models
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! "$venv/bin/model_signing" --version >/dev/null 2>&1; then
	rm -rf "$venv"
	if ! { python3 -m venv "$venv" && "$venv/bin/pip" install -q -r "$here/requirements.txt"; } >&2; then
		echo "e2e: skipped: what requirements.txt names cannot be installed" >&2
		exit "${REEVE_E2E_REQUIRE:-0}"
	fi
fi
reference=$venv/bin/model_signing

go build -C "$here/../.." -o "$work/reeve" ./cmd/reeve
cd "$work"
fail() { echo "e2e/models: $*" >&2; exit 1; }
refuses() { ! "$@" >/dev/null 2>&1 || fail "accepted: $*"; }

# An authority with a certificate for signatures, and keys on three curves.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority -addext keyUsage=critical,keyCertSign 2>/dev/null
for curve in prime256v1 secp384r1 secp521r1; do
	openssl ecparam -name $curve -genkey -noout -out $curve.key
	openssl ec -in $curve.key -pubout -out $curve.pub 2>/dev/null
	chmod 600 $curve.key
done
openssl req -new -key secp384r1.key -subj /CN=signer -out leaf.csr 2>/dev/null
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -out leaf.pem \
	-extfile <(printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n') 2>/dev/null

mkdir -p model/sub
head -c 3000000 /dev/urandom >model/weights.bin
echo '{}' >model/sub/config.json

for curve in prime256v1 secp384r1 secp521r1; do
	./reeve model sign model --private-key $curve.key --signature ours.sig >/dev/null
	"$reference" verify key model --signature ours.sig --public_key $curve.pub >/dev/null || fail "the reference refuses ours ($curve)"
	"$reference" sign key model --signature theirs.sig --private_key $curve.key >/dev/null
	./reeve model verify model --public-key $curve.pub --signature theirs.sig >/dev/null || fail "we refuse the reference's ($curve)"
done
./reeve model sign model/weights.bin --private-key prime256v1.key --signature one.sig >/dev/null
"$reference" verify key model/weights.bin --signature one.sig --public_key prime256v1.pub >/dev/null || fail "the reference refuses ours (one file)"

./reeve model sign model --method certificate --private-key secp384r1.key --signing-certificate leaf.pem --signature chain.sig >/dev/null
"$reference" verify certificate model --signature chain.sig --certificate_chain ca.pem >/dev/null || fail "the reference refuses ours (certificate)"
"$reference" sign certificate model --signature chain2.sig --private_key secp384r1.key --signing_certificate leaf.pem --certificate_chain ca.pem >/dev/null
./reeve model verify model --method certificate --certificate-chain ca.pem --signature chain2.sig >/dev/null || fail "we refuse the reference's (certificate)"

printf x | dd of=model/weights.bin bs=1 seek=1000000 conv=notrunc 2>/dev/null
for sig in ours.sig theirs.sig; do
	refuses ./reeve model verify model --public-key secp521r1.pub --signature $sig
	refuses "$reference" verify key model --signature $sig --public_key secp521r1.pub
done
refuses ./reeve model verify model --method certificate --certificate-chain ca.pem --signature chain2.sig
echo "e2e/models: ours and the reference's signatures verify in both directions"
