#include <ogr_api.h>

int main(void)
{
    OGRGeometryH line = OGR_G_CreateGeometry(wkbLineString), all = OGR_G_CreateGeometry(wkbMultiLineString);
    OGR_G_AddGeometryDirectly(all, line); /* `all` owns it from here on */
    OGR_G_DestroyGeometry(line);
    OGR_G_DestroyGeometry(all);
    return 0;
}
