/* What changes the points of a container, or adds members to it, leaves its members alone. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    char text[] = "POLYGON ((0 0,0 4,4 4,0 0))", *rest = text;
    OGRGeometryH polygon = NULL;
    OGR_G_CreateFromWkt(&rest, NULL, &polygon);

    OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, 0), hole = OGR_G_CreateGeometry(wkbLinearRing);
    OGR_G_AddPoint_2D(hole, 1, 2);
    OGR_G_AddPoint_2D(hole, 1, 3);
    OGR_G_AddPoint_2D(hole, 2, 3);
    OGR_G_CloseRings(hole);
    OGR_G_AddGeometry(polygon, hole);
    OGR_G_DestroyGeometry(hole);
    OGR_G_CloseRings(polygon);
    OGR_G_Segmentize(polygon, 1);
    OGR_G_SwapXY(polygon);
    OGR_G_FlattenTo2D(polygon);
    printf("%d %d\n", OGR_G_GetPointCount(ring), OGR_G_GetPointCount(OGR_G_GetGeometryRef(polygon, 1)));
    OGR_G_Empty(polygon);
    printf("%d\n", OGR_G_GetGeometryCount(polygon));
    OGR_G_DestroyGeometry(polygon);
    return 0;
}
