/* A style table that was given away is used as the dataset's, and destroyed by it. */
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
    OGR_DS_SetStyleTableDirectly(dataset, table);
    printf("%s\n", OGR_STBL_Find(table, "road"));
    OGRStyleMgrH manager = OGR_SM_Create(OGR_DS_GetStyleTable(dataset));
    OGR_SM_InitStyleString(manager, "PEN(c:#FF0000,w:2px);LABEL(t:\"x\")");
    OGRStyleToolH tool = OGR_SM_GetPart(manager, 0, NULL);
    int missing = 0;
    printf("%d %s\n", OGR_SM_GetPartCount(manager, NULL), OGR_ST_GetParamStr(tool, OGRSTPenColor, &missing));
    OGR_SM_Destroy(manager);
    printf("%d\n", OGR_ST_GetType(tool));
    OGR_ST_Destroy(tool);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
