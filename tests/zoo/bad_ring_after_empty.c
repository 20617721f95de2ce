/* The ring of a polygon used after the polygon was emptied. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    char text[] = "POLYGON ((0 0,0 4,4 4,0 0))", *rest = text;
    OGRGeometryH polygon = NULL;
    OGR_G_CreateFromWkt(&rest, NULL, &polygon);

    OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, 0); /* obtained */
    OGR_G_Empty(polygon); /* freed */
    printf("%d\n", OGR_G_GetPointCount(ring)); /* used */
    OGR_G_DestroyGeometry(polygon);
    return 0;
}
