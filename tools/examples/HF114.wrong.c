#include <gdal.h>
#include <ogr_srs_api.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OGRLayerH places = GDALDatasetCreateLayer(dataset, "places", srs, wkbPoint, NULL);
    OSRRelease(srs); /* ours */
    OSRRelease(OGR_L_GetSpatialRef(places)); /* the layer's */
    GDALClose(dataset);
    return 0;
}
