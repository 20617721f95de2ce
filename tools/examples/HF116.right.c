#include <ogr_api.h>

int main(void)
{
    for (int i = 0; i < 100000; i++)
    {
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_SetPoint_2D(point, 0, i, i);
        OGR_G_DestroyGeometry(point);
    }
    return 0;
}
