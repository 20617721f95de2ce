#include <ogr_api.h>
#include <stdio.h>

int main(void)
{
    OGRFeatureDefnH fields = OGR_FD_Create("places");
    OGR_FD_Reference(fields);
    OGRFeatureH place = OGR_F_Create(fields);
    OGR_F_SetGeometryDirectly(place, OGR_G_CreateGeometry(wkbPoint));
    OGR_F_SetGeometryDirectly(place, OGR_G_CreateGeometry(wkbPoint));
    OGRGeometryH current = OGR_F_GetGeometryRef(place); /* fetched after the change */
    printf("%d\n", OGR_G_IsEmpty(current));
    OGR_F_Destroy(place);
    OGR_FD_Release(fields);
    return 0;
}
