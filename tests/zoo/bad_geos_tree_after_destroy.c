/* A tree asked after it was destroyed. */
#include <geos_c.h>
#include <stdio.h>

static void count(void *item, void *data)
{
    (void)item;
    ++*(int *)data;
}

int main(void)
{
    int found = 0, item = 0;
    initGEOS(NULL, NULL);
    GEOSGeometry *point = GEOSGeom_createPointFromXY(1, 2);
    GEOSSTRtree *tree = GEOSSTRtree_create(4); /* obtained */
    GEOSSTRtree_insert(tree, point, &item);
    GEOSSTRtree_destroy(tree); /* freed */
    GEOSSTRtree_query(tree, point, count, &found); /* used */
    printf("%d\n", found);
    GEOSGeom_destroy(point);
    finishGEOS();
    return 0;
}
