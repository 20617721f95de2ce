"""fiona: files in memory, archives, and threads with a collection each."""
import concurrent.futures
import io
import os
import sys
import zipfile

import fiona
from fiona.io import MemoryFile, ZipMemoryFile

os.chdir(sys.argv[1])
schema = {"geometry": "LineString", "properties": {"name": "str"}}
line = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [(0.0, 0.0), (1.0, 1.0)]}, "properties": {"name": "road"}}
with MemoryFile() as memory:
    with memory.open(driver="GeoJSON", schema=schema) as target:
        target.write(line)
    memory.seek(0)
    content = memory.read()
print(b"road" in content)
with MemoryFile(content) as memory, memory.open() as source:
    print([record["properties"]["name"] for record in source])
with fiona.open(io.BytesIO(content)) as source:
    print(len(source))
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("a.geojson", content)
packed.seek(0)
with ZipMemoryFile(packed.read()) as memory, memory.open("a.geojson") as source:
    print(len(source))


def names(number):
    with fiona.open("places.shp") as source:
        return "".join(record["properties"]["name"] for record in source)


with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(set(pool.map(names, range(60))))
