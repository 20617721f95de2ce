"""pyogrio: streams of Arrow out of one file and into another, used up, half used and not used, while their dataset is open."""
import os
import sys

import pyogrio
import pyogrio.raw

os.chdir(sys.argv[1])
with pyogrio.open_arrow("places.gpkg", use_pyarrow=False) as (meta, stream):
    print(meta["crs"], list(meta["fields"]), meta["geometry_name"])
    pyogrio.write_arrow(stream, "new.fgb", driver="FlatGeobuf", crs=meta["crs"], geometry_type="Polygon", geometry_name=meta["geometry_name"])
print(pyogrio.read_info("new.fgb")["features"])
with pyogrio.open_arrow("places.shp", use_pyarrow=False) as (meta, stream):
    print(list(meta["fields"]))
with pyogrio.open_arrow("places.shp", use_pyarrow=False) as (meta, stream):
    capsule = stream.__arrow_c_stream__()
    del capsule, stream
meta, fids, geometries, fields = pyogrio.raw.read("places.shp", return_fids=True)
print(fids, len(geometries), [field.tolist() for field in fields])
pyogrio.raw.write("raw.gpkg", geometries, fields, meta["fields"], geometry_type="Polygon", crs=meta["crs"])
print(pyogrio.read_info("raw.gpkg")["features"])
