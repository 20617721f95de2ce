#include <ogr_api.h>

int main(void)
{
    OGRGeometryH line = OGR_G_CreateGeometry(wkbLineString), all = OGR_G_CreateGeometry(wkbMultiLineString);
    OGR_G_AddGeometry(all, line);
    OGRGeometryH part = OGR_G_Clone(OGR_G_GetGeometryRef(all, 0)); /* a clone is ours */
    OGR_G_DestroyGeometry(part);
    OGR_G_DestroyGeometry(all); /* frees its own part */
    OGR_G_DestroyGeometry(line);
    return 0;
}
