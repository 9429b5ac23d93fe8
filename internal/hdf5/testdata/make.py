"""Writes the files of this folder with h5py; nothing of them is taken from anywhere. Run: python make.py"""
import gzip, os, sys
import h5py, numpy as np

CONFIG = '{"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "%s", "config": {"units": 2}}]}}'


def write(name, fill, **how):
    with h5py.File("tmp.h5", "w", **how) as f:
        fill(f)
    with open("tmp.h5", "rb") as f, gzip.GzipFile(name + ".h5.gz", "wb", mtime=0) as g:
        g.write(f.read())
    os.remove("tmp.h5")


def keras(layer):
    def fill(f):
        f.attrs["model_config"] = CONFIG % layer
        f.attrs["keras_version"] = np.bytes_("2.13.1")
        f.attrs["layer_names"] = np.array([b"dense", b"other"])
        g = f.create_group("model_weights/dense")
        g.create_dataset("kernel", data=np.zeros((2, 2), "f4"), chunks=(2, 2), compression="gzip", shuffle=True)
    return fill


def many(f):
    for i in range(300):
        f.create_group("g%03d" % i).attrs["name"] = "group %d" % i
    for i in range(300):
        f.attrs["a%03d" % i] = "value %d" % i


def huge(f):
    f.attrs.create("model_config", np.bytes_((CONFIG % "Lambda").ljust(100_000)))
    for i in range(10):
        f.attrs["a%d" % i] = "x"


def outside(f):
    f["link"] = h5py.ExternalLink("/etc/passwd", "/x")
    f.create_dataset("raw", (16,), "u1", external=[("../secret.bin", 0, 16)])
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "d", (4,))
    f.create_virtual_dataset("virtual", layout)
    f["soft"] = h5py.SoftLink("/raw")


write("keras", keras("Dense"))
write("lambda", keras("Lambda"))
write("lambda-latest", keras("Lambda"), libver="latest")
write("lambda-block", keras("Lambda"), userblock_size=1024)
write("many", many)
write("many-latest", many, libver="latest")
write("huge", huge, libver="latest")
write("outside", outside)
