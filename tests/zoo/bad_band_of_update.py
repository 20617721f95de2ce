"""A dataset being written is closed while its band is alive: the file is complete at once, the band is gone."""
import os
import subprocess
import sys

import numpy
from osgeo import gdal

os.chdir(sys.argv[1])
HASH = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"


def hash_by_another_process(name):
    return subprocess.run([sys.executable, "-c", HASH, name], capture_output=True, text=True).stdout.strip()


dataset = gdal.GetDriverByName("GTiff").Create("new.tif", 20, 10)
band = dataset.GetRasterBand(1)  # obtained
band.WriteArray(numpy.arange(200, dtype=numpy.uint8).reshape(10, 20))
dataset = None  # freed
sys.stdout.write("%s\n" % (len(hash_by_another_process("new.tif")) == 64))
at_once = hash_by_another_process("new.tif")
try:
    print("checksum", band.Checksum(), flush=True)  # used
except RuntimeError as error:
    print("checksum", error)
del band
print("unchanged:", at_once == hash_by_another_process("new.tif"))
print(gdal.Open("new.tif").ReadAsArray().sum())
