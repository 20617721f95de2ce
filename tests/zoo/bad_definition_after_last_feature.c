/* A definition that nobody but its features references dies with the last of them. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("towns"); /* obtained */
    OGRFeatureH town = OGR_F_Create(definition);
    OGR_F_Destroy(town); /* freed */
    printf("%d\n", OGR_FD_GetFieldCount(definition)); /* used */
    return 0;
}
