/* Geometries that die before the tree built of them. */
#include <geos_c.h>
#include <stdio.h>

static void found(void *item, void *count)
{
    (void)item;
    ++*(int *)count;
}

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSSTRtree *tree = GEOSSTRtree_create_r(context, 4);
    GEOSGeometry *points[10];
    int numbers[10];
    for (int i = 0; i < 10; i++)
    {
        numbers[i] = i;
        points[i] = GEOSGeom_createPointFromXY_r(context, i, i);
        GEOSSTRtree_insert_r(context, tree, points[i], &numbers[i]);
    }
    GEOSGeometry *around = GEOSBuffer_r(context, points[4], 1.5, 8);
    int count = 0;
    GEOSSTRtree_query_r(context, tree, around, found, &count);
    printf("%d\n", count);
    for (int i = 0; i < 10; i++)
        GEOSGeom_destroy_r(context, points[i]);
    GEOSSTRtree_query_r(context, tree, around, found, &count);
    printf("%d\n", count);
    GEOSSTRtree_destroy_r(context, tree);
    GEOSGeom_destroy_r(context, around);
    GEOS_finish_r(context);
    return 0;
}
