/* Warp options are destroyed as soon as the operation has been made of them: it has a copy. Their transformer and datasets stay. */
#include "zoo.h"
#include <gdalwarper.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH source = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALDatasetH target = GDALCreate(GDALGetDriverByName("MEM"), "", 20, 10, 1, GDT_Byte, NULL);
    double transform[6];
    GDALGetGeoTransform(source, transform);
    GDALSetGeoTransform(target, transform);
    GDALSetProjection(target, GDALGetProjectionRef(source));
    GDALWarpOptions *options = GDALCreateWarpOptions();
    options->hSrcDS = source;
    options->hDstDS = target;
    GDALWarpInitDefaultBandMapping(options, 1);
    void *transformer = GDALCreateGenImgProjTransformer2(source, target, NULL);
    options->pTransformerArg = transformer;
    options->pfnTransformer = GDALGenImgProjTransform;
    GDALWarpOperationH operation = GDALCreateWarpOperation(options);
    GDALDestroyWarpOptions(options);
    printf("%d\n", GDALChunkAndWarpImage(operation, 0, 0, 20, 10));
    GDALDestroyWarpOperation(operation);
    GDALDestroyGenImgProjTransformer(transformer);
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(target, 1), 0, 0, 20, 10));
    GDALClose(target);
    GDALClose(source);
    return 0;
}
