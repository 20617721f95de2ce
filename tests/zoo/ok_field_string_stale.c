/* The text is copied before the next call; a string field's text lives until the field is set. */
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

    char *people = CPLStrdup(OGR_F_GetFieldAsString(town, 1));
    printf("%s\n", OGR_F_GetFieldAsString(town, 1));
    const char *name = OGR_F_GetFieldAsString(town, 0);
    OGR_F_SetFieldString(town, 1, people);
    OGR_F_SetStyleString(town, name);
    OGR_F_SetFieldString(town, 0, people);
    printf("%s %s\n", OGR_F_GetStyleString(town), OGR_F_GetFieldAsString(town, 0));
    CPLFree(people);

    OGR_F_Destroy(town);
    OGR_FD_Release(definition);
    return 0;
}
