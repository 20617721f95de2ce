/* Text that a handle lends is freed by plain free(). */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("things");
    OGRFieldDefnH field = OGR_Fld_Create("name", OFTString);
    OGR_FD_Reference(definition);
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_Destroy(field);
    OGRFeatureH feature = OGR_F_Create(definition);
    OGR_F_SetFieldString(feature, 0, "a name of more than a few letters");
    char *name = (char *)OGR_F_GetFieldAsString(feature, 0); /* obtained */
    free(name); /* used */
    OGR_F_Destroy(feature);
    OGR_FD_Release(definition);
    return 0;
}
