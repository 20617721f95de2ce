#include <ogr_api.h>

int main(void)
{
    OGRGeometryH line = OGR_G_CreateGeometry(wkbLineString), all = OGR_G_CreateGeometry(wkbMultiLineString);
    OGR_G_AddGeometry(all, line); /* copies: `line` stays ours */
    OGR_G_DestroyGeometry(line);
    OGR_G_DestroyGeometry(all);
    return 0;
}
