/* A style table destroyed after it was given to the dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);

    OGRStyleTableH table = OGR_STBL_Create(); /* obtained */
    OGR_STBL_AddStyle(table, "road", "PEN(c:#FF0000)");
    OGR_DS_SetStyleTableDirectly(dataset, table); /* freed */
    OGR_STBL_Destroy(table); /* used */
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
