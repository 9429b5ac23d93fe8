"""Reads a Croissant and an SPDX 3 export with the libraries of the projects that define them."""

import io
import sys

import mlcroissant
from spdx_python_model import v3_0_1 as spdx


def croissant(path):
    data = mlcroissant.Dataset(path)
    context = data.metadata.ctx
    if context.issues.errors:
        raise SystemExit(f"{path}: {context.issues.report()}")
    if str(context.conforms_to.value) != "http://mlcommons.org/croissant/1.1":
        raise SystemExit(f"{path}: conforms to {context.conforms_to.value}")
    files = len(data.metadata.distribution)
    if files == 0:
        raise SystemExit(f"{path}: no files")
    return f"Croissant 1.1, {files} files"


def spdx3(path):
    objects = spdx.SHACLObjectSet()
    with open(path, "rb") as f:
        spdx.JSONLDDeserializer().read(f, objects)
    missing = objects.link()
    if missing:
        raise SystemExit(f"{path}: links to nothing: {missing}")
    spdx.JSONLDSerializer().write(objects, io.BytesIO())  # checks how often each property stands
    sets = [o for o in objects.foreach() if isinstance(o, spdx.dataset_DatasetPackage)]
    if not sets:
        raise SystemExit(f"{path}: no data set")
    return f"SPDX 3.0.1, {len(sets)} data sets"


print(croissant(sys.argv[1]) + "; " + spdx3(sys.argv[2]))
