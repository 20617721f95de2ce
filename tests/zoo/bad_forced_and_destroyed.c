/* A point destroyed after it was made a multipoint of: it lives in that one. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint); /* obtained */
    OGR_G_SetPoint_2D(point, 0, 1, 2);
    OGRGeometryH points = OGR_G_ForceToMultiPoint(point); /* freed */
    OGR_G_DestroyGeometry(point); /* used */
    printf("%d\n", OGR_G_GetGeometryCount(points));
    OGR_G_DestroyGeometry(points);
    return 0;
}
