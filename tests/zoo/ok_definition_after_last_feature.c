/* A reference of the program's own keeps the definition after the last feature. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("towns");
    OGR_FD_Reference(definition);
    OGRFeatureH town = OGR_F_Create(definition), copy = OGR_F_Clone(town);
    OGR_F_Destroy(town);
    printf("%d\n", OGR_FD_GetReferenceCount(definition));
    OGR_F_Destroy(copy);
    printf("%d\n", OGR_FD_GetReferenceCount(definition));
    OGR_FD_Release(definition);
    return 0;
}
