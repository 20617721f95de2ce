/* The result layer has its fields before, or no feature of it lives. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH places = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    GDALDatasetH others = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH input = GDALDatasetGetLayer(places, 0), method = GDALDatasetGetLayer(others, 0);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
    OGRLayerH result = GDALDatasetCreateLayer(dataset, "result", NULL, wkbUnknown, NULL);
    OGR_L_Intersection(input, method, result, NULL, NULL, NULL);
    OGRFeatureH first = OGR_L_GetNextFeature(result);
    printf("%d\n", OGR_F_GetFieldCount(first));
    OGR_L_Intersection(input, method, result, NULL, NULL, NULL); /* its fields are there already */
    printf("%s\n", OGR_F_GetFieldAsString(first, 0));
    OGR_F_Destroy(first);
    GDALClose(dataset);
    GDALClose(places);
    GDALClose(others);
    return 0;
}
