/* Destroyed once; destroying NULL is allowed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH thing = OGR_G_CreateGeometry(wkbPoint);
    printf("%d\n", OGR_G_GetDimension(thing));
    OGR_G_DestroyGeometry(thing);
    thing = NULL;
    OGR_G_DestroyGeometry(thing);
    printf("end\n");
    return 0;
}
