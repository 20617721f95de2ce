/* The polygon lives as long as its ring is used. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH polygon = NULL;
    char text[] = "POLYGON ((0 0,0 2,2 2,2 0,0 0))", *rest = text;
    OGR_G_CreateFromWkt(&rest, NULL, &polygon);
    OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, 0);
    printf("%d\n", OGR_G_GetPointCount(ring));
    OGR_G_DestroyGeometry(polygon);
    return 0;
}
