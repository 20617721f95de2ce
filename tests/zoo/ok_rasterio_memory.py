"""rasterio: files in memory, archives, and Python's own file objects."""
import io
import os
import sys
import zipfile

import numpy
import rasterio
from rasterio.io import MemoryFile, ZipMemoryFile

os.chdir(sys.argv[1])
profile = {"driver": "GTiff", "width": 8, "height": 8, "count": 1, "dtype": "uint8"}
with MemoryFile() as memory:
    with memory.open(**profile) as target:
        target.write(numpy.full((1, 8, 8), 7, dtype="uint8"))
    with memory.open() as source:
        print(source.read().sum())
    content = memory.read()
print(len(content) > 64)
with open("tiny.tif", "rb") as file, rasterio.open(file) as source:
    print(source.read(1).sum())
with rasterio.open(io.BytesIO(content)) as source:
    print(source.read(1).sum())
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.write("tiny.tif")
packed.seek(0)
with ZipMemoryFile(packed) as memory, memory.open("tiny.tif") as source:
    print(source.read(1).sum())
with open("tiny.zip", "wb") as file:
    file.write(packed.getvalue())
with rasterio.open("/vsizip/tiny.zip/tiny.tif") as source:
    print(source.shape)
target = io.BytesIO()
with rasterio.open(target, "w+", **profile) as dataset:
    dataset.write(numpy.ones((1, 8, 8), dtype="uint8"))
print(len(target.getvalue()) > 64)
memories = [MemoryFile(content) for _ in range(5)]
datasets = [memory.open() for memory in memories]
print(sum(int(dataset.read().sum()) for dataset in datasets))
for dataset, memory in zip(datasets, memories):
    dataset.close()
    memory.close()
