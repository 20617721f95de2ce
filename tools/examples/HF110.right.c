#include <gdal.h>

int main(void)
{
    GDALAllRegister();
    GDALDriverH driver = GDALGetDriverByName("Memory");
    GDALDatasetH one = GDALCreate(driver, "", 0, 0, 0, GDT_Unknown, NULL), other = GDALCreate(driver, "", 0, 0, 0, GDT_Unknown, NULL);
    GDALDatasetCreateLayer(one, "places", NULL, wkbPoint, NULL);
    OGRLayerH result = GDALDatasetExecuteSQL(one, "SELECT * FROM places", NULL, NULL);
    GDALDatasetReleaseResultSet(one, result); /* where it came from */
    GDALClose(other);
    GDALClose(one);
    return 0;
}
