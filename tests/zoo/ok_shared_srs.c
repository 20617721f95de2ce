/* One spatial reference is shared by all features of a layer: the first feature's end is not its end. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL)
    {
        OGRSpatialReferenceH reference = OGR_G_GetSpatialReference(OGR_F_GetGeometryRef(feature));
        printf("%d\n", reference != NULL && OSRIsGeographic(reference));
        OGR_F_Destroy(feature);
    }
    GDALClose(dataset);
    return 0;
}
