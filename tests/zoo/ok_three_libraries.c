/* GDAL, which calls GEOS and PROJ for itself, beside the program's own use of both: whichever copies they are, nothing gets mixed up. */
/* needs debian pyogrio */
/* (in the wheels of rasterio and fiona only the C functions of PROJ are renamed, not its C++ classes: those of two copies get mixed up) */
#include "zoo.h"
#include <geos_c.h>
#include <proj.h>
#include <string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GEOSContextHandle_t context = GEOS_init_r();
    PJ_CONTEXT *own = proj_context_create();
    PJ *utm = proj_create(own, "+proj=utm +zone=31 +ellps=WGS84");
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL) {
        OGRGeometryH wide = OGR_G_Buffer(OGR_F_GetGeometryRef(feature), 0.5, 2); /* GEOS inside GDAL */
        int bytes = OGR_G_WkbSize(wide);
        unsigned char *wkb = malloc((size_t)bytes);
        OGR_G_ExportToWkb(wide, wkbNDR, wkb);
        GEOSGeometry *copy = GEOSGeomFromWKB_buf_r(context, wkb, (size_t)bytes);
        double area = 0;
        GEOSArea_r(context, copy, &area);
        const GEOSGeometry *ring = GEOSGetExteriorRing_r(context, copy);
        printf("%d %d %.3f\n", OGR_G_Contains(wide, OGR_F_GetGeometryRef(feature)), GEOSGetNumCoordinates_r(context, ring), area);
        GEOSGeom_destroy_r(context, copy);
        free(wkb);
        OGR_G_DestroyGeometry(wide);
        OGR_F_Destroy(feature);
    }
    OGRSpatialReferenceH from = OSRNewSpatialReference(NULL), to = OSRNewSpatialReference(NULL);
    OSRImportFromProj4(from, "+proj=longlat +ellps=WGS84");
    OSRImportFromProj4(to, "+proj=utm +zone=31 +ellps=WGS84");
    OGRCoordinateTransformationH transformation = OCTNewCoordinateTransformation(from, to); /* PROJ inside GDAL */
    double x = 3, y = 45;
    OCTTransform(transformation, 1, &x, &y, NULL);
    PJ_COORD same = proj_trans(utm, PJ_FWD, proj_coord(proj_torad(3), proj_torad(45), 0, 0));
    printf("%.0f %.0f, %.0f %.0f\n", x, y, same.xy.x, same.xy.y);
    OCTDestroyCoordinateTransformation(transformation);
    OSRDestroySpatialReference(from);
    OSRDestroySpatialReference(to);
    GDALClose(dataset);
    proj_destroy(utm);
    proj_context_destroy(own);
    GEOS_finish_r(context);
    return 0;
}
