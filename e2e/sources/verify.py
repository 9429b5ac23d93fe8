"""Verifies a statement with securesystemslib, the library of the in-toto project, and compares its directory hash."""

import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

statement, public, want = sys.argv[1:]
with open(statement) as f:
    raw = json.load(f)
with open(public, "rb") as f:
    key = SSlibKey.from_crypto(load_pem_public_key(f.read()), keyid=raw["signatures"][0]["keyid"])
envelope = Envelope.from_dict(raw)
envelope.verify([key], 1)
got = json.loads(envelope.payload)["subject"][0]["digest"]["dirHash"]
if got != want:
    raise SystemExit(f"{statement}: {got}, want {want}")
print(f"DSSE verified ({key.scheme}), {got}")
