/* The style table is fetched again; the one that was copied stays the program's. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);

    OGRStyleTableH table = OGR_STBL_Create();
    OGR_STBL_AddStyle(table, "road", "PEN(c:#FF0000)");
    OGR_L_SetStyleTable(layer, table);
    OGR_L_SetStyleTable(layer, table);
    printf("%s\n", OGR_STBL_Find(OGR_L_GetStyleTable(layer), "road"));
    OGR_STBL_AddStyle(table, "path", "PEN(c:#00FF00)");
    printf("%s\n", OGR_STBL_Find(table, "path"));
    OGR_STBL_Destroy(table);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
