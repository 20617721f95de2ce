#include <ogr_api.h>
#include <stdio.h>

int main(void)
{
    OGRFeatureDefnH fields = OGR_FD_Create("places");
    OGR_FD_Reference(fields);
    OGRFeatureH place = OGR_F_Create(fields);
    OGR_F_SetGeometryDirectly(place, OGR_G_CreateGeometry(wkbPoint));
    OGRGeometryH old = OGR_F_GetGeometryRef(place);
    OGR_F_SetGeometryDirectly(place, OGR_G_CreateGeometry(wkbPoint)); /* destroys the old one */
    printf("%d\n", OGR_G_IsEmpty(old));
    OGR_F_Destroy(place);
    OGR_FD_Release(fields);
    return 0;
}
