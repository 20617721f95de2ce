/* Only the result is destroyed, whether it is the argument or not; the argument may be a member of it now. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(point, 0, 1, 2);
    OGRGeometryH points = OGR_G_ForceToMultiPoint(point);
    printf("%.0f %d\n", OGR_G_GetX(point, 0), OGR_G_GetGeometryRef(points, 0) == point);
    points = OGR_G_ForceToMultiPoint(points);
    printf("%d\n", OGR_G_GetGeometryCount(points));
    OGRGeometryH same = OGR_G_ForceToPolygon(points);
    printf("%s\n", OGR_G_GetGeometryName(same));
    OGR_G_DestroyGeometry(same);
    return 0;
}
