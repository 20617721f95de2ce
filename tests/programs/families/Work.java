// The SWIG binding of Java: datasets, bands, layers, features and geometries, freed by delete() or by the finalisers of the collector, on three threads too.
import java.util.Vector;
import org.gdal.gdal.*;
import org.gdal.gdalconst.gdalconst;
import org.gdal.ogr.*;
import org.gdal.osr.*;

public class Work {
    static void rasters() {
        Dataset ds = gdal.Open("rgb.tif", gdalconst.GA_ReadOnly);
        System.out.println(ds.getRasterXSize() + " " + ds.getRasterYSize() + " " + ds.GetDriver().getShortName());
        for (int number = 1; number <= ds.getRasterCount(); number++) {
            Band band = ds.GetRasterBand(number);
            byte[] pixels = new byte[120 * 90];
            band.ReadRaster(0, 0, 120, 90, gdalconst.GDT_Byte, pixels);
            long sum = 0;
            for (byte pixel : pixels) sum += pixel & 255;
            System.out.println(number + " " + band.Checksum() + " " + sum + " " + band.GetOverviewCount() + " " + band.GetMaskBand().Checksum());
        }
        SpatialReference srs = ds.GetSpatialRef();
        System.out.println(srs.GetAuthorityCode(null) + " " + srs.ExportToProj4());
        ds.delete();
        System.out.println(srs.GetAttrValue("PROJCS"));
    }
    static Band lastBand() {
        Dataset ds = gdal.Open("dem.tif");
        return ds.GetRasterBand(1);
    }
    static void vectors(String name) {
        DataSource source = ogr.Open(name);
        Layer layer = source.GetLayer(0);
        FeatureDefn definition = layer.GetLayerDefn();
        System.out.println(name + " " + layer.GetFeatureCount() + " " + definition.GetFieldCount() + " " + definition.GetFieldDefn(1).GetName());
        Feature feature;
        double area = 0;
        Geometry all = new Geometry(ogr.wkbMultiPolygon);
        while ((feature = layer.GetNextFeature()) != null) {
            Geometry geometry = feature.GetGeometryRef();
            area += geometry.GetArea() + geometry.Buffer(1).GetArea();
            all.AddGeometry(geometry);
            if (feature.GetFieldAsInteger("number") % 4 == 0) feature.delete();
        }
        System.out.println(area + " " + all.UnionCascaded().GetGeometryCount() + " " + all.GetGeometryRef(0).GetGeometryRef(0).GetPointCount());
        Layer result = source.ExecuteSQL("SELECT name FROM areas WHERE number > 6");
        System.out.println(result.GetFeatureCount());
        source.ReleaseResultSet(result);
        source.delete();
    }
    static void writing() {
        SpatialReference srs = new SpatialReference();
        srs.ImportFromEPSG(32633);
        DataSource out = ogr.GetDriverByName("ESRI Shapefile").CreateDataSource("java.shp", new Vector());
        Vector<String> options = new Vector<>();
        options.add("DBF_DATE_LAST_UPDATE=2020-01-01");
        Layer layer = out.CreateLayer("java", srs, ogr.wkbPoint, options);
        layer.CreateField(new FieldDefn("n", ogr.OFTInteger));
        SpatialReference target = new SpatialReference("");
        target.SetFromUserInput("EPSG:4326");
        CoordinateTransformation transformation = new CoordinateTransformation(srs, target);
        for (int number = 0; number < 200; number++) {
            Feature feature = new Feature(layer.GetLayerDefn());
            feature.SetField("n", number);
            Geometry point = Geometry.CreateFromWkt("POINT (" + (500000 + number) + " 5300000)");
            feature.SetGeometry(point);
            point.Transform(transformation);
            if (number % 50 == 0) System.out.println(point.ExportToWkt());
            if (number % 3 == 0) feature.SetGeometryDirectly(Geometry.CreateFromWkt("POINT (1 2)"));
            layer.CreateFeature(feature);
        }
        layer.SyncToDisk();
        out.delete();
        Dataset raster = gdal.GetDriverByName("GTiff").Create("java.tif", 64, 64, 1, gdalconst.GDT_Byte);
        raster.GetRasterBand(1).Fill(7);
        raster.SetProjection(srs.ExportToWkt());
        raster.delete();
        Dataset vrt = gdal.Warp("warped.tif", new Dataset[] { gdal.Open("rgb.tif") }, new WarpOptions(gdal.ParseCommandLine("-t_srs EPSG:3857")));
        System.out.println(vrt.GetRasterBand(1).Checksum());
        vrt.delete();
    }
    public static void main(String[] arguments) throws Exception {
        gdal.AllRegister();
        ogr.RegisterAll();
        for (int round = 0; round < 6; round++) {
            rasters();
            vectors("areas.shp");
            vectors("areas.gpkg");
            System.gc();
            System.runFinalization();
        }
        writing();
        Thread[] threads = new Thread[3];
        int[] sums = new int[3];
        for (int number = 0; number < 3; number++) {
            final int index = number;
            threads[number] = new Thread(() -> {
                for (int round = 0; round < 20; round++) {
                    Dataset ds = gdal.Open("rgb.tif");
                    sums[index] += ds.GetRasterBand(index + 1).Checksum();
                    Geometry g = Geometry.CreateFromWkt("POINT (1 2)").Buffer(round + 1);
                    sums[index] += g.GetGeometryRef(0).GetPointCount();
                    if (round % 2 == 0) ds.delete();
                    if (round % 7 == 0) System.gc();
                }
            });
            threads[number].start();
        }
        for (Thread thread : threads) thread.join();
        System.out.println(sums[0] + " " + sums[1] + " " + sums[2]);
        System.out.println(gdal.Open("missing.tif") == null);
        for (int number = 0; number < 3; number++) { System.gc(); System.runFinalization(); }
        System.out.println("end");
    }
}
