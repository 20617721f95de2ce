/* An asynchronous reader asked for pixels after its dataset was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    unsigned char *pixels = calloc(20, 10);
    int bands[] = {1}, x, y, width, height;
    GDALAsyncReaderH reader = GDALBeginAsyncReader(dataset, 0, 0, 20, 10, pixels, 20, 10, GDT_Byte, 1, bands, 1, 20, 200, NULL); /* obtained */
    GDALClose(dataset); /* freed */
    int status = GDALARGetNextUpdatedRegion(reader, 1, &x, &y, &width, &height); /* used */
    printf("%s %d\n", status == GARIO_COMPLETE ? "complete" : "failed", pixels[5]);
    return 0;
}
