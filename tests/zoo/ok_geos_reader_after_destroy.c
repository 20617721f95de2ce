/* Everything that outlives the context it was made with, used with the next one. */
#include <geos_c.h>
#include <stdio.h>

static void count(void *item, void *data)
{
    *(int *)data += *(int *)item;
}

int main(void)
{
    GEOSContextHandle_t first = GEOS_init_r();
    GEOSWKTReader *reader = GEOSWKTReader_create_r(first);
    GEOSWKBReader *wkb_reader = GEOSWKBReader_create_r(first);
    GEOSWKBWriter *wkb_writer = GEOSWKBWriter_create_r(first);
    GEOSBufferParams *parameters = GEOSBufferParams_create_r(first);
    GEOSGeometry *square = GEOSWKTReader_read_r(first, reader, "POLYGON ((0 0, 0 5, 5 5, 5 0, 0 0))");
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(first, square);
    const GEOSGeometry *ring = GEOSGetExteriorRing_r(first, square);
    GEOSSTRtree *tree = GEOSSTRtree_create_r(first, 4);
    int one = 1, found = 0;
    GEOSSTRtree_insert_r(first, tree, square, &one);
    GEOS_finish_r(first);

    GEOSContextHandle_t second = GEOS_init_r();
    GEOSGeometry *point = GEOSWKTReader_read_r(second, reader, "POINT (1 2)");
    size_t size = 0;
    unsigned char *bytes = GEOSWKBWriter_write_r(second, wkb_writer, point, &size);
    GEOSGeometry *same = GEOSWKBReader_read_r(second, wkb_reader, bytes, size);
    GEOSGeometry *around = GEOSBufferWithParams_r(second, same, parameters, 1);
    GEOSSTRtree_query_r(second, tree, point, count, &found);
    printf("%d %d %d\n", GEOSPreparedContains_r(second, prepared, around), GEOSGetNumCoordinates_r(second, ring), found);
    GEOSFree_r(second, bytes);
    GEOSSTRtree_destroy_r(second, tree);
    GEOSPreparedGeom_destroy_r(second, prepared);
    GEOSGeom_destroy_r(second, square);
    GEOSGeom_destroy_r(second, point);
    GEOSGeom_destroy_r(second, same);
    GEOSGeom_destroy_r(second, around);
    GEOSBufferParams_destroy_r(second, parameters);
    GEOSWKBWriter_destroy_r(second, wkb_writer);
    GEOSWKBReader_destroy_r(second, wkb_reader);
    GEOSWKTReader_destroy_r(second, reader);
    GEOS_finish_r(second);
    return 0;
}
