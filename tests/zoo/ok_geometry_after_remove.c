/* Parts removed without being destroyed are the caller's; those that stay stay valid. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH multi = NULL;
    char text[] = "MULTIPOINT ((1 2),(3 4))", *rest = text;
    OGR_G_CreateFromWkt(&rest, NULL, &multi);
    OGRGeometryH first = OGR_G_GetGeometryRef(multi, 0);
    OGRGeometryH part = OGR_G_GetGeometryRef(multi, 1);
    OGR_G_RemoveGeometry(multi, 1, FALSE);
    printf("%.1f %.1f %d\n", OGR_G_GetY(first, 0), OGR_G_GetY(part, 0), OGR_G_GetGeometryCount(multi));
    OGR_G_DestroyGeometry(multi);
    printf("%.1f\n", OGR_G_GetY(part, 0));
    OGR_G_DestroyGeometry(part);
    return 0;
}
