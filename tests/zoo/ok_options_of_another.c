/* Options of GDALTranslate and GDALInfo, each freed by its own function, also when the dataset made with them lives on. */
#include "zoo.h"
#include <gdal_utils.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH source = GDALOpen("tiny.tif", GA_ReadOnly);
    char *words[] = {"-of", "MEM", "-outsize", "5", "5", NULL};
    GDALTranslateOptions *options = GDALTranslateOptionsNew(words, NULL);
    GDALDatasetH copy = GDALTranslate("", source, options, NULL);
    GDALTranslateOptionsFree(options);
    GDALClose(source);
    GDALInfoOptions *about = GDALInfoOptionsNew(NULL, NULL);
    char *text = GDALInfo(copy, about);
    GDALInfoOptionsFree(about);
    printf("%d %d\n", GDALGetRasterXSize(copy), text != NULL);
    CPLFree(text);
    GDALClose(copy);
    return 0;
}
