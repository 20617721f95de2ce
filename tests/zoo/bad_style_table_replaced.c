/* The style table of a layer kept over OGR_L_SetStyleTable(), which destroys it. */
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
    OGRStyleTableH old = OGR_L_GetStyleTable(layer); /* obtained */
    OGR_L_SetStyleTable(layer, table); /* freed */
    const char *style = OGR_STBL_Find(old, "road"); /* used */
    printf("%s\n", style != NULL ? style : "none");
    OGR_STBL_Destroy(table);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
