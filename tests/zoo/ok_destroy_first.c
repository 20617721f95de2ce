/* The end of the library's world is the first call that the program makes: MapServer's, when it cannot read its map file. */
#include <gdal.h>
#include <stdio.h>

int main(void)
{
    GDALDestroy();
    printf("end\n");
    return 0;
}
