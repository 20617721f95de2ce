/* 10,000 rasters opened, a band fetched, closed; 10,000 geometries of features: descriptors and memory stay flat. */
#include "zoo.h"
#include <fcntl.h>

static int descriptors(void)
{
    int count = 0;
    for (int number = 0; number < 1024; number++)
        count += fcntl(number, F_GETFD) >= 0;
    return count;
}

static int memory_kb(void)
{
    char line[256];
    int kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status) != NULL)
        sscanf(line, "VmRSS: %d", &kb);
    fclose(status);
    return kb;
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH source = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(source, 0);
    int descriptors_before = 0, memory_before = 0;
    for (int number = 0; number < 10000; number++)
    {
        GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
        GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
        int wide = GDALGetRasterBandXSize(band);
        GDALClose(dataset);
        OGRFeatureH feature = OGR_L_GetFeature(layer, number % 3);
        OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
        wide += OGR_G_GetGeometryCount(geometry);
        OGR_F_Destroy(feature);
        if (wide != 21)
            printf("wrong: %d\n", wide);
        if (number == 4999)
        {
            descriptors_before = descriptors();
            memory_before = memory_kb();
        }
    }
    if (descriptors() > descriptors_before)
        printf("descriptors: %d, then %d\n", descriptors_before, descriptors());
    if (memory_kb() - memory_before > 3072)
        printf("memory: %d kB, then %d kB\n", memory_before, memory_kb());
    GDALClose(source);
    printf("end\n");
    return 0;
}
