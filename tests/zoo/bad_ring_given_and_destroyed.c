/* A ring destroyed after a polygon took it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon);
    OGRGeometryH ring = OGR_G_CreateGeometry(wkbLinearRing); /* obtained */
    for (int i = 0; i < 4; i++)
        OGR_G_AddPoint_2D(ring, i % 3 == 1, i % 3 == 2);
    OGR_G_AddGeometryDirectly(polygon, ring); /* freed */
    OGR_G_DestroyGeometry(ring);              /* used */
    printf("%.1f\n", OGR_G_Area(polygon));
    OGR_G_DestroyGeometry(polygon);
    return 0;
}
