/* A definition of the program's own gets a field while a feature of it lives. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRFeatureDefnH definition = OGR_FD_Create("towns");
    OGR_FD_Reference(definition);
    OGRFeatureH town = OGR_F_Create(definition); /* obtained */
    OGRFieldDefnH field = OGR_Fld_Create("people", OFTInteger);
    OGR_FD_AddFieldDefn(definition, field); /* used */
    OGR_Fld_Destroy(field);
    OGR_F_Destroy(town); /* used2 */
    OGR_FD_Release(definition);
    printf("end\n");
    return 0;
}
