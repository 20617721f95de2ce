/* A registered driver destroyed without being deregistered: the manager destroys it again. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDriverH driver = GDALGetDriverByName("MEM"); /* obtained */
    GDALDestroyDriver(driver); /* used */
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 2, 2, 1, GDT_Byte, NULL); /* used2 */
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
