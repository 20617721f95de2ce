/* The copy of a value is freed, and so are strings that a function made for the caller. */
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

    char *name = CPLStrdup(OGR_F_GetFieldAsString(town, 0));
    printf("%s\n", name);
    CPLFree(name);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    char *text = NULL, *json = OGR_G_ExportToJson(point);
    OGR_G_ExportToWkt(point, &text);
    printf("%s %s\n", text, OGR_G_GetGeometryName(point));
    CPLFree(text);
    CPLFree(json);
    OGR_G_DestroyGeometry(point);

    OGR_F_Destroy(town);
    OGR_FD_Release(definition);
    return 0;
}
