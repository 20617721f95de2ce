"""pyproj: systems, transformers, geodesics, areas of interest, pipelines, databases, threads."""
import pickle
from concurrent.futures import ThreadPoolExecutor

import pyproj
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info, query_utm_crs_info
from pyproj.transformer import TransformerGroup

crs = CRS.from_epsg(32633)
print(crs.name, crs.is_projected, crs.axis_info[0].direction, crs.area_of_use.bounds, crs.utm_zone, crs.to_authority())
print(crs.geodetic_crs.name, crs.ellipsoid.semi_major_metre, crs.prime_meridian.name, crs.datum.name, crs.coordinate_operation.method_name)
parts = crs.coordinate_operation.params, crs.geodetic_crs.coordinate_system.axis_list
del crs
print([(part.name, part.value) for part in parts[0]], [axis.name for axis in parts[1]])
same = CRS.from_wkt(CRS(4326).to_wkt())
print(same == CRS(4326), same.to_string()[:30], CRS("EPSG:5555").sub_crs_list[1].name, pickle.loads(pickle.dumps(same)) == same)
print(CRS.from_dict({"proj": "laea", "lat_0": 52, "lon_0": 10}).to_json_dict()["type"], CRS(3035).to_cf()["grid_mapping_name"])
transformer = Transformer.from_crs(4326, 32633, always_xy=True)
print([round(v, 3) for v in transformer.transform(15, 48)], [round(v, 3) for v in transformer.transform([14, 16], [47, 49])[0]])
print([round(v, 6) for v in transformer.transform(500000, 5300000, direction="INVERSE")], transformer.accuracy, transformer.description)
print([round(v, 1) for v in transformer.transform_bounds(14, 47, 16, 48)], list(round(x) for x, y in transformer.itransform([(15, 48), (16, 49)])))
group = TransformerGroup(4258, 31287, area_of_interest=AreaOfInterest(9, 46, 17, 49))
print(len(group.transformers), [round(v, 2) for v in group.transformers[0].transform(48.2, 16.4)])
best = group.transformers[0]
del group
print(best.description[:50], [operation.name for operation in (best.operations or [])][:2])
pipeline = Transformer.from_pipeline("+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=utm +zone=33")
print([round(v, 3) for v in pipeline.transform(15, 48)], [round(v, 3) for v in Proj("EPSG:3857")(15, 48)])
geod = Geod(ellps="WGS84")
print([round(v, 4) for v in geod.inv(15, 48, 16, 49)], [round(v, 5) for v in geod.fwd(15, 48, 30, 100000)], [round(v, 2) for v in geod.polygon_area_perimeter([10, 11, 11], [50, 50, 51])])
print(len(query_crs_info("EPSG", pyproj.enums.PJType.VERTICAL_CRS)) > 50, query_utm_crs_info("WGS 84", AreaOfInterest(15, 48, 15.1, 48.1))[0].code)
try:
    CRS("nonsense")
except pyproj.exceptions.CRSError as error:
    print(type(error).__name__)
print(transformer.transform(1e9, 1e9))


def work(number):
    made = Transformer.from_crs(4326, 32600 + number % 60 + 1, always_xy=True)
    return round(made.transform(15, 40)[1]), CRS(4326).name


with ThreadPoolExecutor(4) as pool:
    print(sorted(set(pool.map(work, range(24))))[:3])
    print([round(transformer.transform(15, 48)[1], 3) for n in range(3)], len(set(pool.map(lambda n: transformer.transform(15, 48), range(40)))))
factors = Proj("EPSG:3857").get_factors(15, 48)
print(round(factors.meridional_scale, 6), pyproj.proj_version_str.split(".")[0])
