/* A copy of the text is freed; and memory that the program gets afterwards, at whatever address. */
#include "zoo.h"
#include <string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("things");
    OGRFieldDefnH field = OGR_Fld_Create("name", OFTString);
    OGR_FD_Reference(definition);
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_Destroy(field);
    for (int number = 0; number < 1000; number++)
    {
        OGRFeatureH feature = OGR_F_Create(definition);
        OGR_F_SetFieldString(feature, 0, "a name of more than a few letters");
        char *name = strdup(OGR_F_GetFieldAsString(feature, 0));
        OGR_F_Destroy(feature);
        char *other = strdup("another one that is as long as that");
        free(other);
        free(name);
    }
    OGR_FD_Release(definition);
    return 0;
}
