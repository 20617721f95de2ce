/* Fields are added before the first feature, and after the last one. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("towns");
    OGR_FD_Reference(definition);
    OGRFieldDefnH field = OGR_Fld_Create("people", OFTInteger);
    OGR_FD_AddFieldDefn(definition, field);
    OGRFeatureH town = OGR_F_Create(definition);
    OGR_F_SetFieldInteger(town, 0, 1200);
    printf("%d\n", OGR_F_GetFieldAsInteger(town, 0));
    OGR_F_Destroy(town);
    OGR_FD_AddFieldDefn(definition, field);
    printf("%d\n", OGR_FD_GetFieldCount(definition));
    OGR_Fld_Destroy(field);
    OGR_FD_Release(definition);
    return 0;
}
