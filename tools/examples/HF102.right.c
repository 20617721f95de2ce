#include <ogr_api.h>
#include <stdio.h>

int main(void)
{
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(point, 0, 1, 2);
    printf("%g\n", OGR_G_GetX(point, 0));
    OGR_G_DestroyGeometry(point); /* after its last use */
    return 0;
}
