/* Drivers that are taken out of the manager's list belong to who took them out; registering one twice changes nothing. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDriverH driver = GDALGetDriverByName("MEM");
    GDALRegisterDriver(driver);
    GDALDeregisterDriver(driver);
    printf("%d\n", GDALGetDriverByName("MEM") == NULL);
    GDALRegisterDriver(driver);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 2, 2, 1, GDT_Byte, NULL);
    GDALClose(dataset);
    GDALDeregisterDriver(driver);
    GDALDestroyDriver(driver);
    GDALDriverH mine = GDALCreateDriver();
    GDALSetDescription(mine, "MINE");
    GDALRegisterDriver(mine);
    GDALDeregisterDriver(mine);
    GDALDestroyDriver(mine);
    printf("end\n");
    return 0;
}
