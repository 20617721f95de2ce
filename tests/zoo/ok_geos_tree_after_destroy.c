/* What a tree does with its items: nearest() gives back the caller's own geometry, which outlives the tree; an empty one is not found. */
#include <geos_c.h>
#include <stdio.h>

static void count(void *item, void *data)
{
    (void)item;
    ++*(int *)data;
}

int main(void)
{
    int found = 0;
    initGEOS(NULL, NULL);
    GEOSGeometry *here = GEOSGeom_createPointFromXY(1, 2), *there = GEOSGeom_createPointFromXY(7, 8), *empty = GEOSGeom_createEmptyPoint();
    GEOSSTRtree *tree = GEOSSTRtree_create(4);
    GEOSSTRtree_insert(tree, here, here);
    GEOSSTRtree_insert(tree, there, there);
    GEOSSTRtree_insert(tree, empty, empty);
    GEOSSTRtree_iterate(tree, count, &found);
    const GEOSGeometry *nearest = GEOSSTRtree_nearest(tree, there);
    printf("%d %d\n", found, nearest == there);
    GEOSSTRtree_destroy(tree);
    GEOSGeom_destroy(here);
    printf("%d\n", GEOSGetNumCoordinates(nearest));
    GEOSGeom_destroy((GEOSGeometry *)nearest);
    GEOSGeom_destroy(empty);
    finishGEOS();
    return 0;
}
