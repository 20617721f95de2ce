/* The spatial reference of the layer is fetched again; the old one is kept by a reference. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
    OGRSpatialReferenceH wgs = OSRNewSpatialReference(SRS_WKT_WGS84_LAT_LONG), yard = OSRNewSpatialReference("LOCAL_CS[\"yard\"]");
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "towns", wgs, wkbPoint, NULL);
    OGRGeomFieldDefnH field = OGR_GFld_Create("", wkbPoint);
    OGR_GFld_SetSpatialRef(field, yard);
    OSRRelease(wgs);
    OSRRelease(yard);

    OGRSpatialReferenceH srs = OGR_L_GetSpatialRef(layer);
    OSRReference(srs);
    OGR_L_AlterGeomFieldDefn(layer, 0, field, ALTER_GEOM_FIELD_DEFN_ALL_FLAG);
    OGR_GFld_Destroy(field);
    printf("%d %d\n", OSRIsGeographic(srs), OSRIsGeographic(OGR_L_GetSpatialRef(layer)));
    OSRRelease(srs);
    GDALClose(dataset);
    return 0;
}
