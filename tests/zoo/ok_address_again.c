/* Addresses come back: what is born at the address of something dead is alive. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    for (int i = 0; i < 2000; i++)
    {
        OGRGeometryH polygon = NULL;
        char text[] = "POLYGON ((0 0,0 2,2 2,2 0,0 0))", *rest = text;
        OGR_G_CreateFromWkt(&rest, NULL, &polygon);
        OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, 0);
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        if (OGR_G_GetPointCount(ring) != 5 || OGR_G_GetX(point, 0) != 0)
            printf("wrong\n");
        OGR_G_DestroyGeometry(polygon);
        OGR_G_DestroyGeometry(point);
    }
    printf("end\n");
    return 0;
}
