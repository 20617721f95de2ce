/* A part used after RemoveGeometry destroyed it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH multi = NULL;
    char text[] = "MULTIPOINT ((1 2),(3 4))", *rest = text;
    OGR_G_CreateFromWkt(&rest, NULL, &multi);
    OGRGeometryH part = OGR_G_GetGeometryRef(multi, 1); /* obtained */
    OGR_G_RemoveGeometry(multi, 1, TRUE); /* freed */
    double y = OGR_G_GetY(part, 0);       /* used */
    printf("%.1f %d\n", y, OGR_G_GetGeometryCount(multi));
    OGR_G_DestroyGeometry(multi);
    return 0;
}
