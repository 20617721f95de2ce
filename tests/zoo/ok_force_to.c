/* OGR_G_ForceTo* uses up its argument: the result is destroyed, the argument is not. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    const char *const texts[] = {"POLYGON ((0 0,0 1,1 1,0 0))", "MULTIPOLYGON (((0 0,0 1,1 1,0 0)))", "POINT (1 2)"};
    for (int i = 0; i < 3; i++)
    {
        OGRGeometryH geometry = NULL;
        char *rest = (char *)texts[i];
        OGR_G_CreateFromWkt(&rest, NULL, &geometry);
        geometry = OGR_G_ForceToMultiPolygon(geometry);
        geometry = OGR_G_ForceTo(geometry, wkbMultiPolygon, NULL);
        printf("%s %d\n", OGR_G_GetGeometryName(geometry), OGR_G_GetGeometryCount(geometry));
        OGR_G_DestroyGeometry(geometry);
    }
    return 0;
}
