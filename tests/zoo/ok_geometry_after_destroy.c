/* A loop that destroys each geometry before it takes the next. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    for (int i = 0; i < 1000; i++)
    {
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_SetPoint_2D(point, 0, i, i);
        if (OGR_G_GetX(point, 0) != i)
            printf("wrong\n");
        OGR_G_DestroyGeometry(point);
    }
    return 0;
}
