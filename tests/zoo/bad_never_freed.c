/* All that a program never frees, on request: geometries of one line, a spatial reference, a dataset that is only read. What they lent or own is not
 * told again: a band, a part of a collection. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    for (int number = 0; number < 5; number++)
    {
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint); /* obtained2 */
        OGR_G_SetPoint_2D(point, 0, number, number);
    }
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL); /* obtained3 */
    GDALDatasetH read = GDALOpen("tiny.tif", GA_ReadOnly); /* obtained4 */
    GDALDatasetH written = GDALOpen("palette.tif", GA_Update); /* obtained */
    OGRGeometryH all = OGR_G_CreateGeometry(wkbGeometryCollection); /* obtained5 */
    OGR_G_AddGeometryDirectly(all, OGR_G_CreateGeometry(wkbPoint));
    printf("%d\n", GDALGetRasterBandXSize(GDALGetRasterBand(read, 1)) == GDALGetRasterXSize(read));
    printf("%d\n", GDALGetRasterXSize(read) + GDALGetRasterXSize(written) + OSRIsGeographic(srs));
    return 0;
}
