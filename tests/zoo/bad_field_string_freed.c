/* A field's value, which belongs to the feature, freed by the caller: the feature frees it once more. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("towns");
    OGR_FD_Reference(definition);
    OGRFieldDefnH field = OGR_Fld_Create("name", OFTString);
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_Destroy(field);
    field = OGR_Fld_Create("people", OFTInteger);
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_Destroy(field);
    OGRFeatureH town = OGR_F_Create(definition);
    OGR_F_SetFieldString(town, 0, "Lille");
    OGR_F_SetFieldInteger(town, 1, 236710);

    char *name = (char *)OGR_F_GetFieldAsString(town, 0); /* obtained */
    printf("%s\n", name);
    CPLFree(name); /* used */

    OGR_F_Destroy(town);
    OGR_FD_Release(definition);

    printf("end\n");
    return 0;
}
