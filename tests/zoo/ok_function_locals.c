/* A C++ or C program that frees parent before child in its clean-up code, without using the child. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    for (int i = 0; i < 20; i++)
    {
        GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
        OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
        OGRFeatureH feature = OGR_L_GetNextFeature(layer);
        OGRGeometryH copy = OGR_G_Clone(OGR_F_GetGeometryRef(feature));
        GDALClose(dataset);
        if (i == 0)
            printf("%s %.1f\n", OGR_F_GetFieldAsString(feature, 0), OGR_G_Area(OGR_F_GetGeometryRef(feature)));
        OGR_F_Destroy(feature);
        OGR_G_DestroyGeometry(copy);
    }
    return 0;
}
