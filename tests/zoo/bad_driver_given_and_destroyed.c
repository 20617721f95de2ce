/* A driver destroyed by who created it, after it was registered. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDriverH driver = GDALCreateDriver(); /* obtained */
    GDALSetDescription(driver, "MINE");
    GDALRegisterDriver(driver); /* freed */
    printf("%s\n", GDALGetDriverShortName(driver));
    GDALDestroyDriver(driver); /* used */
    printf("end\n");
    return 0;
}
