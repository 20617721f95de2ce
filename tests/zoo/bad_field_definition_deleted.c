/* A field definition used after its field was deleted. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("towns");
    OGRFieldDefnH field = OGR_Fld_Create("people", OFTInteger);
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_Destroy(field);
    OGRFieldDefnH people = OGR_FD_GetFieldDefn(definition, 0); /* obtained */
    OGR_FD_DeleteFieldDefn(definition, 0); /* freed */
    printf("%d\n", OGR_Fld_GetType(people)); /* used */
    OGR_FD_Destroy(definition);
    return 0;
}
