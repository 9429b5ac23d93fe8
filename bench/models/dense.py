"""Writes a pickle of plain data that is nearly all opcodes: dicts, tuples, short strings and small numbers. Nothing is ever unpickled."""

import pickle
import sys

size = int(sys.argv[2]) << 20
rows, text = [], b""
count = size // 70
for i in range(count):
    rows.append({"id": i, "name": "n%d" % (i % 997), "pair": (i % 7, i % 11), "flags": [True, None, 1.5]})
with open(sys.argv[1], "wb") as f:
    pickle.dump(rows, f, protocol=4)
