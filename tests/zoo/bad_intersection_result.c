/* OGR_L_Intersection() creates the fields of its result layer, of which a feature lives. */
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
    OGRFeatureH first = OGR_F_Create(OGR_L_GetLayerDefn(result)); /* obtained */
    if (OGR_L_CreateFeature(result, first) != OGRERR_NONE)
        return 1;
    OGR_L_Intersection(input, method, result, NULL, NULL, NULL); /* used */
    OGR_F_Destroy(first); /* used2 */
    GDALClose(dataset);
    GDALClose(places);
    GDALClose(others);
    printf("end\n");
    return 0;
}
