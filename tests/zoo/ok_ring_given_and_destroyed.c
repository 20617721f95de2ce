/* AddGeometry copies, AddGeometryDirectly takes. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon);
    OGRGeometryH ring = OGR_G_CreateGeometry(wkbLinearRing);
    for (int i = 0; i < 4; i++)
        OGR_G_AddPoint_2D(ring, i % 3 == 1, i % 3 == 2);
    OGR_G_AddGeometry(polygon, ring);
    OGR_G_AddGeometryDirectly(polygon, ring);
    printf("%.1f %d\n", OGR_G_Area(OGR_G_GetGeometryRef(polygon, 0)), OGR_G_GetGeometryCount(polygon));
    OGR_G_DestroyGeometry(polygon);
    return 0;
}
