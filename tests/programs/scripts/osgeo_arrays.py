"""gdal_array and friends: arrays as datasets, whole-dataset reading and writing, virtual bands with a Python loop, buffers."""
import numpy
from osgeo import gdal, gdal_array

gdal.UseExceptions()
array = gdal_array.LoadFile("rgb.tif")
print(array.shape, array.dtype, int(array.sum()))
gdal_array.SaveArray(array[::-1], "reversed.tif", "GTiff", prototype="rgb.tif")
inside = gdal_array.OpenArray(array)
print("array dataset", inside.RasterCount, [inside.GetRasterBand(n + 1).Checksum() for n in range(3)])
gdal.GetDriverByName("PNG").CreateCopy("array.png", inside)
inside = None
ds = gdal.Open("rgb.tif")
print("whole", int(ds.ReadAsArray().astype("i8").sum()), int(ds.ReadAsArray(10, 10, 20, 20, buf_xsize=5, buf_ysize=5).sum()))
out = numpy.zeros((90, 120), "f4")
ds.GetRasterBand(2).ReadAsArray(buf_obj=out)
print("into", float(out.mean()))
print("raw", len(ds.ReadRaster(0, 0, 10, 10)), ds.GetRasterBand(1).ReadRaster(3, 3, 4, 1))
copy = gdal.GetDriverByName("GTiff").CreateCopy("written.tif", ds, options=["COMPRESS=LZW"])
copy.WriteArray(array // 2)
copy.GetRasterBand(1).WriteRaster(0, 0, 4, 1, b"\1\2\3\4")
copy.GetRasterBand(2).Fill(7)
copy = None
print(gdal_array.LoadFile("written.tif").sum(axis=(1, 2)).tolist())
view = ds.GetRasterBand(1).GetVirtualMemAutoArray()
print("view", int(view[5:15, 5:15].sum()))
del view
memory = gdal.GetDriverByName("MEM").Create("", 6, 5, 0)
memory.AddBand(gdal.GDT_UInt16)
memory.AddBand(gdal.GDT_Float64)
memory.GetRasterBand(2).WriteArray(numpy.arange(30.0).reshape(5, 6))
print("added", memory.RasterCount, memory.GetRasterBand(2).ComputeBandStats())
cube = gdal.GetDriverByName("MEM").CreateMultiDimensional("cube")
group = cube.GetRootGroup()
x, y = group.CreateDimension("x", None, None, 4), group.CreateDimension("y", None, None, 3)
values = group.CreateMDArray("values", [y, x], gdal.ExtendedDataType.Create(gdal.GDT_Float64))
values.Write(numpy.arange(12.0).reshape(3, 4))
del cube
print(values.ReadAsArray().sum(), values.GetView("[1,:]").ReadAsArray().tolist(), group.GetMDArrayNames())
classic = values.AsClassicDataset(1, 0)
print(classic.RasterXSize, classic.GetRasterBand(1).Checksum())
