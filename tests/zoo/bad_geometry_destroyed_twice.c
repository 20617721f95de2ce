/* A geometry destroyed twice. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH thing = OGR_G_CreateGeometry(wkbPoint); /* obtained */
    printf("%d\n", OGR_G_GetDimension(thing));
    OGR_G_DestroyGeometry(thing); /* freed */
    OGR_G_DestroyGeometry(thing); /* used */
    printf("end\n");
    return 0;
}
