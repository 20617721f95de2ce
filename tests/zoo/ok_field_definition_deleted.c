/* Field definitions stay while others are deleted or moved. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("towns");
    OGRFieldDefnH field = OGR_Fld_Create("people", OFTInteger);
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_SetName(field, "height");
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_Destroy(field);
    OGRFieldDefnH height = OGR_FD_GetFieldDefn(definition, 1);
    int order[] = {1, 0};
    OGR_FD_ReorderFieldDefns(definition, order);
    OGR_FD_DeleteFieldDefn(definition, 1);
    printf("%s\n", OGR_Fld_GetNameRef(height));
    OGR_FD_Destroy(definition);
    return 0;
}
