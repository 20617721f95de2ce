"""rasterio: warping, WarpedVRT, features, masks, merging, sieving, transformations of coordinates."""
import numpy
import rasterio
import rasterio.features
import rasterio.fill
import rasterio.mask
import rasterio.merge
import rasterio.shutil
import rasterio.warp
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

with rasterio.open("rgb.tif") as source:
    transform, width, height = rasterio.warp.calculate_default_transform(source.crs, "EPSG:4326", source.width, source.height, *source.bounds)
    print(width, height, [round(v, 8) for v in transform][:6])
    profile = dict(source.profile, crs="EPSG:4326", transform=transform, width=width, height=height)
    with rasterio.open("warped.tif", "w", **profile) as target:
        for number in range(1, source.count + 1):
            rasterio.warp.reproject(rasterio.band(source, number), rasterio.band(target, number), resampling=Resampling.cubic, num_threads=2)
    with WarpedVRT(source, crs="EPSG:3857", resampling=Resampling.nearest) as vrt:
        print(vrt.shape, int(vrt.read(1).sum()))
        rasterio.shutil.copy(vrt, "web.tif", driver="GTiff")
    with rasterio.open("east.tif") as east:
        mosaic, where = rasterio.merge.merge([source, east])
        print(mosaic.shape, int(mosaic.sum()))
with rasterio.open("warped.tif") as made:
    print([made.checksum(n) for n in made.indexes])
with rasterio.open("dem.tif") as dem:
    heights = dem.read(1)
    areas = [{"type": "Polygon", "coordinates": [[(500100 + n * 200, 5299500), (500200 + n * 200, 5299500), (500200 + n * 200, 5299700), (500100 + n * 200, 5299500)]]} for n in range(3)]
    cut, where = rasterio.mask.mask(dem, areas, crop=True)
    print(cut.shape, round(float(cut[cut != -9999].sum()), 2))
    high = (heights > 300).astype("uint8")
    shapes = list(rasterio.features.shapes(high, mask=high == 1, transform=dem.transform))
    print(len(shapes), shapes[0][1], len(shapes[0][0]["coordinates"][0]))
    burned = rasterio.features.rasterize(((shape, 5) for shape in areas), out_shape=heights.shape, transform=dem.transform)
    print(int(burned.sum()), int(rasterio.features.sieve(high, 30).sum()))
    print(rasterio.features.geometry_mask(areas, heights.shape, dem.transform).sum(), rasterio.features.bounds(areas[0]))
    print(round(float(rasterio.fill.fillnodata(heights, mask=(heights != -9999)).min()), 3))
    print(rasterio.features.dataset_features(dem, 1, sampling=20) is not None)
print([[round(v, 3) for v in axis] for axis in rasterio.warp.transform("EPSG:4326", "EPSG:32633", [15, 16], [48, 47])])
print(rasterio.warp.transform_geom("EPSG:4326", "EPSG:3857", {"type": "Point", "coordinates": (15, 48)}))
print([round(v, 4) for v in rasterio.warp.transform_bounds("EPSG:32633", "EPSG:4326", 500000, 5300000, 501000, 5301000)])
crs = rasterio.crs.CRS.from_epsg(32633)
print(crs == rasterio.crs.CRS.from_string(crs.to_wkt()), crs.is_projected, crs.to_proj4())
with rasterio.Env(GDAL_CACHEMAX=32) as env:
    print(env.options["GDAL_CACHEMAX"], "GTiff" in env.drivers())
