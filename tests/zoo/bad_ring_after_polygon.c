/* A ring used after its polygon was destroyed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH polygon = NULL;
    char text[] = "POLYGON ((0 0,0 2,2 2,2 0,0 0))", *rest = text;
    OGR_G_CreateFromWkt(&rest, NULL, &polygon);
    OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, 0); /* obtained */
    OGR_G_DestroyGeometry(polygon);                       /* freed */
    int points = OGR_G_GetPointCount(ring);               /* used */
    printf("%d\n", points);
    return 0;
}
