"""pyproj: transformers, systems, geodesics, threads, pickles, contexts of one's own and the global one, without the network."""
import concurrent.futures
import gc
import pickle

import pyproj
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info, query_utm_crs_info
from pyproj.transformer import TransformerGroup

pyproj.network.set_network_enabled(False)
print(pyproj.network.is_network_enabled())
there = Transformer.from_crs(4326, 32631, always_xy=True)
print([round(value, 3) for value in there.transform(3.0, 45.0)], [round(value, 6) for value in there.transform(500000, 4983000, direction="INVERSE")])
print([round(value, 2) for value in there.transform_bounds(2, 44, 4, 46)])
ellipsoid, datum = CRS(4326).ellipsoid, CRS.from_epsg(3857).geodetic_crs.datum
gc.collect()
print(ellipsoid.name, datum.name, CRS(32631).coordinate_operation.name, CRS(32631).axis_info[0].name)
print(CRS.from_wkt(CRS(32631).to_wkt()) == CRS(32631), CRS("EPSG:4326+5773").sub_crs_list[0].name, CRS(3857).to_dict()["proj"], CRS(3857).area_of_use.name)
print(pickle.loads(pickle.dumps(there)).transform(3.0, 45.0) == there.transform(3.0, 45.0), pickle.loads(pickle.dumps(CRS(3857))).to_epsg())
group = TransformerGroup(4326, 2964)
first = group.transformers[0]
del group
gc.collect()
print(first.definition.startswith("proj="), Transformer.from_pipeline("+proj=utm +zone=31 +ellps=WGS84").transform(0.05, 0.8)[0] > 0)
print(len(query_utm_crs_info(datum_name="WGS 84", area_of_interest=AreaOfInterest(2, 44, 4, 46))) > 0, len(query_crs_info("EPSG", "PROJECTED_CRS")) > 1000)
print(round(Geod(ellps="WGS84").inv(0, 0, 1, 1)[2], 3), [round(value, 3) for value in Proj("EPSG:32631")(3.0, 45.0)])
try:
    CRS("EPSG:0")
except pyproj.exceptions.CRSError as error:
    print(type(error).__name__)


def work(number):
    # a thread has its own context, and what it made goes to another thread
    own = Transformer.from_crs(4326, 32601 + number % 60, always_xy=True)
    return own.transform(3.0, 45.0)[0] != 0 and CRS(32601 + number % 60).to_epsg()


with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(work, range(120))))
    made = list(pool.map(lambda number: CRS(32601 + number), range(20)))
print(sum(crs.to_epsg() for crs in made))
del made
gc.collect()
