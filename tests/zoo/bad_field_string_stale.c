/* A number as text lives until the next such call on the feature; here it is passed on after that. */
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

    const char *people = OGR_F_GetFieldAsString(town, 1); /* obtained */
    const char *again = OGR_F_GetFieldAsString(town, 1); /* freed */
    printf("%s\n", again);
    OGR_F_SetFieldString(town, 0, people); /* used */

    OGR_F_Destroy(town);
    OGR_FD_Release(definition);

    printf("end\n");
    return 0;
}
