#include <ogr_api.h>
#include <stdio.h>

int main(void)
{
    OGRGeometryH line = OGR_G_CreateGeometry(wkbLineString);
    OGR_G_AddPoint_2D(line, 1, 2);
    printf("%d\n", OGR_G_GetPointCount(line)); /* and nobody destroys it */
    return 0;
}
