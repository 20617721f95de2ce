"""pyogrio: frames read, filtered and written, layers, bounds, archives of bytes."""
import io
import os
import sys

import pyogrio

os.chdir(sys.argv[1])
frame = pyogrio.read_dataframe("places.gpkg")
print(len(frame), frame.crs.to_epsg(), frame.geometry.area.tolist(), frame["name"].tolist())
print(len(pyogrio.read_dataframe("places.shp", bbox=(9, 0, 12, 1))), pyogrio.read_dataframe("places.shp", where="name > 'a'")["name"].tolist())
print(pyogrio.read_dataframe("places.gpkg", sql="SELECT name, geom FROM places LIMIT 1")["name"].tolist(), len(pyogrio.read_dataframe("places.shp", fids=[0, 2])))
frame["size"] = [1, 2, 3]
for name in ("new.gpkg", "new.shp", "new.geojson", "new.fgb"):
    pyogrio.write_dataframe(frame, name)
    print(name, len(pyogrio.read_dataframe(name)), pyogrio.read_info(name)["features"])
pyogrio.write_dataframe(frame, "new.gpkg", layer="others", append=True)
print(pyogrio.list_layers("new.gpkg").tolist(), pyogrio.read_bounds("places.shp")[1].shape)
memory = io.BytesIO()
pyogrio.write_dataframe(frame, memory, driver="GeoJSON")
print(len(pyogrio.read_dataframe(memory.getvalue())))
joined = frame.to_crs(3857).buffer(10).union_all()
print(joined.geom_type, frame.sjoin(frame, predicate="intersects").shape)
try:
    pyogrio.read_dataframe("missing.shp")
except pyogrio.errors.DataSourceError as error:
    print(type(error).__name__)
print(len(pyogrio.list_drivers()) > 5)
