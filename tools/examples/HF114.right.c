#include <gdal.h>
#include <ogr_srs_api.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OGRLayerH places = GDALDatasetCreateLayer(dataset, "places", srs, wkbPoint, NULL);
    OSRRelease(srs);
    OGRSpatialReferenceH mine = OGR_L_GetSpatialRef(places);
    OSRReference(mine); /* a reference taken ... */
    OSRRelease(mine);   /* ... may be released */
    GDALClose(dataset);
    return 0;
}
