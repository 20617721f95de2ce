/* The source of a translation into memory or a file is closed at once; that of a virtual one is released, or closed last. */
#include "zoo.h"
#include <gdal_utils.h>

static GDALDatasetH translate(GDALDatasetH source, char *format, const char *name)
{
    char *words[] = {"-of", format, NULL};
    GDALTranslateOptions *options = GDALTranslateOptionsNew(words, NULL);
    GDALDatasetH copy = GDALTranslate(name, source, options, NULL);
    GDALTranslateOptionsFree(options);
    return copy;
}

static void show(GDALDatasetH dataset)
{
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(dataset, 1), 0, 0, 20, 10));
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH source = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALDatasetH memory = translate(source, "MEM", ""), file = translate(source, "GTiff", "copy.tif"), virtual = translate(source, "VRT", "");
    GDALReleaseDataset(source);
    show(virtual);
    GDALClose(virtual);
    show(memory);
    show(file);
    GDALClose(file);

    virtual = translate(memory, "VRT", "");
    show(virtual);
    GDALClose(virtual);
    GDALClose(memory);
    return 0;
}
