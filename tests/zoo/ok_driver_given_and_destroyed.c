/* A registered driver may be used on; the manager destroys it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDriverH driver = GDALCreateDriver();
    GDALSetDescription(driver, "MINE");
    GDALRegisterDriver(driver);
    printf("%s\n", GDALGetDriverShortName(GDALGetDriverByName("MINE")));
    GDALDestroyDriverManager();
    printf("end\n");
    return 0;
}
