/* A geometry used after it was destroyed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH thing = OGR_G_CreateGeometry(wkbPoint); /* obtained */
    OGR_G_DestroyGeometry(thing); /* freed */
    int value = OGR_G_GetDimension(thing); /* used */
    printf("%d\n", value);
    return 0;
}
