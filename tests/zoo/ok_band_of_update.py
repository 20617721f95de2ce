"""A band outlives the dataset being written, unused: the file is complete at once, as without Holdfast."""
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
band = dataset.GetRasterBand(1)
band.WriteArray(numpy.arange(200, dtype=numpy.uint8).reshape(10, 20))
dataset = None
print(hash_by_another_process("new.tif"))
band = None
print(gdal.Open("new.tif").ReadAsArray().sum())
