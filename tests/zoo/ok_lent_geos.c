/* Parts that GEOS geometries lend, with a context and without: used while their owner lives, freed with it. */
#include <geos_c.h>
#include <stdio.h>

static const char polygon[] = "POLYGON ((0 0, 0 9, 9 9, 9 0, 0 0), (1 1, 1 2, 2 2, 2 1, 1 1))";
static const char points[] = "MULTIPOINT ((0 0), (1 1))";
static const char line[] = "LINESTRING (0 0, 1 1)";

static GEOSGeometry *read(GEOSContextHandle_t context, const char *text)
{
    GEOSWKTReader *reader = GEOSWKTReader_create_r(context);
    GEOSGeometry *geometry = GEOSWKTReader_read_r(context, reader, text);
    GEOSWKTReader_destroy_r(context, reader);
    return geometry;
}

static void lend_with_context(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    unsigned size = 0;
    GEOSGeometry *geometry = read(context, polygon);
    printf("%d\n", GEOSGetNumCoordinates_r(context, GEOSGetExteriorRing_r(context, geometry)));
    printf("%d\n", GEOSGetNumCoordinates_r(context, GEOSGetInteriorRingN_r(context, geometry, 0)));
    GEOSGeom_destroy_r(context, geometry);
    geometry = read(context, points);
    printf("%d\n", GEOSGetNumCoordinates_r(context, GEOSGetGeometryN_r(context, geometry, 1)));
    GEOSGeom_destroy_r(context, geometry);
    geometry = read(context, line);
    GEOSCoordSeq_getSize_r(context, GEOSGeom_getCoordSeq_r(context, geometry), &size);
    printf("%u\n", size);
    GEOSGeom_destroy_r(context, geometry);
    GEOS_finish_r(context);
}

static void lend_without(void)
{
    unsigned size = 0;
    initGEOS(NULL, NULL);
    GEOSGeometry *geometry = GEOSGeomFromWKT(polygon);
    printf("%d\n", GEOSGetNumCoordinates(GEOSGetExteriorRing(geometry)));
    printf("%d\n", GEOSGetNumCoordinates(GEOSGetInteriorRingN(geometry, 0)));
    GEOSGeom_destroy(geometry);
    geometry = GEOSGeomFromWKT(points);
    printf("%d\n", GEOSGetNumCoordinates(GEOSGetGeometryN(geometry, 1)));
    GEOSGeom_destroy(geometry);
    geometry = GEOSGeomFromWKT(line);
    GEOSCoordSeq_getSize(GEOSGeom_getCoordSeq(geometry), &size);
    printf("%u\n", size);
    GEOSGeom_destroy(geometry);
    finishGEOS();
}

int main(void)
{
    lend_with_context();
    lend_without();
    return 0;
}
