/* What datasets, layers, features and definitions lend, by every function that lends it: used while its owner lives, freed with it. */
#include "zoo.h"
#include <ogr_core.h>

static OGRStyleTableH styles(void)
{
    OGRStyleTableH table = OGR_STBL_Create();
    OGR_STBL_AddStyle(table, "red", "PEN(c:#FF0000)");
    return table;
}

static void lend_of_definition(OGRLayerH layer)
{
    OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer);
    printf("%s\n", OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(definition, 0)));
    OGRGeomFieldDefnH field = OGR_FD_GetGeomFieldDefn(definition, 0);
    printf("%d\n", OGR_GFld_GetType(field));
    printf("%d\n", OSRIsGeographic(OGR_L_GetSpatialRef(layer)));
    OGRFeatureH feature = OGR_F_Create(definition);
    OGR_F_SetFieldString(feature, 0, "a");
    OGR_F_SetGeometryDirectly(feature, OGR_G_CreateGeometry(wkbPoint));
    printf("%s\n", OGR_Fld_GetNameRef(OGR_F_GetFieldDefnRef(feature, 0)));
    printf("%d\n", OGR_GFld_GetType(OGR_F_GetGeomFieldDefnRef(feature, 0)));
    printf("%s\n", OGR_G_GetGeometryName(OGR_F_GetGeomFieldRef(feature, 0)));
    printf("%d\n", OGR_L_CreateFeature(layer, feature));
    OGR_F_Destroy(feature);
}

static void lend_of_dataset(void)
{
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "m", 0, 0, 0, GDT_Unknown, NULL);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "one", srs, wkbPoint, NULL);
    OSRRelease(srs);
    OGRFieldDefnH field = OGR_Fld_Create("name", OFTString);
    OGR_L_CreateField(layer, field, TRUE);
    OGR_Fld_Destroy(field);
    lend_of_definition(layer);
    printf("%s\n", OGR_L_GetName(GDALDatasetCopyLayer(dataset, layer, "two", NULL)));
    printf("%s\n", OGR_L_GetName(GDALDatasetGetLayerByName(dataset, "two")));
    printf("%s\n", OGR_L_GetName(GDALDatasetGetLayer(dataset, 0)));

    OGR_L_SetSpatialFilterRect(layer, -1, -1, 1, 1);
    printf("%s\n", OGR_G_GetGeometryName(OGR_L_GetSpatialFilter(layer)));
    OGRLayerH belonging = NULL;
    OGRFeatureH feature = GDALDatasetGetNextFeature(dataset, &belonging, NULL, NULL, NULL);
    printf("%d %d\n", feature != NULL, belonging != NULL);
    OGR_F_Destroy(feature);

    OGRStyleTableH table = styles();
    GDALDatasetSetStyleTable(dataset, table);
    OGR_L_SetStyleTable(layer, table);
    OGR_STBL_Destroy(table);
    printf("%s\n", OGR_STBL_Find(GDALDatasetGetStyleTable(dataset), "red"));
    printf("%s\n", OGR_STBL_Find(OGR_L_GetStyleTable(layer), "red"));
    GDALClose(dataset);
}

/* The same by the older names. */
static void lend_of_source(void)
{
    OGRDataSourceH source = OGR_Dr_CreateDataSource(OGRGetDriverByName("Memory"), "m", NULL);
    printf("%d\n", OGR_DS_GetDriver(source) != NULL);
    OGRLayerH layer = OGR_DS_CreateLayer(source, "one", NULL, wkbPoint, NULL);
    printf("%s\n", OGR_L_GetName(OGR_DS_CopyLayer(source, layer, "two", NULL)));
    printf("%s\n", OGR_L_GetName(OGR_DS_GetLayerByName(source, "two")));
    printf("%s\n", OGR_L_GetName(OGR_DS_GetLayer(source, 0)));
    OGRStyleTableH table = styles();
    OGR_DS_SetStyleTable(source, table);
    OGR_STBL_Destroy(table);
    printf("%s\n", OGR_STBL_Find(OGR_DS_GetStyleTable(source), "red"));
    OGR_DS_Destroy(source);
}

static void lend_of_domain(void)
{
    GDALDatasetH dataset = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR | GDAL_OF_UPDATE, NULL, NULL, NULL);
    OGRFieldDomainH domain = OGR_GlobFldDomain_Create("letters", "", OFTString, OFSTNone, "*");
    GDALDatasetAddFieldDomain(dataset, domain, NULL);
    OGR_FldDomain_Destroy(domain);
    printf("%s\n", OGR_FldDomain_GetName(GDALDatasetGetFieldDomain(dataset, "letters")));
    GDALClose(dataset);
}

/* Counted objects die with what lent them when nobody else has a reference. */
static void lend_counted(void)
{
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    printf("%d\n", OSRIsGeographic(OGR_GFld_GetSpatialRef(OGR_FD_GetGeomFieldDefn(OGR_L_GetLayerDefn(layer), 0))));
    GDALClose(dataset);

    dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRFeatureH feature = OGR_L_GetNextFeature(GDALDatasetGetLayer(dataset, 0));
    printf("%s\n", OGR_Fld_GetNameRef(OGR_F_GetFieldDefnRef(feature, 0)));
    printf("%d\n", OGR_GFld_GetType(OGR_F_GetGeomFieldDefnRef(feature, 0)));
    OGRGeometryH square = OGR_G_Clone(OGR_F_GetGeometryRef(feature));
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    printf("%d\n", OSRIsGeographic(OGR_G_GetSpatialReference(square)));
    OGR_G_DestroyGeometry(square);
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    printf("%d %d\n", OGRGetDriver(0) != NULL, OGRGetDriverByName("Memory") != NULL);
    lend_of_dataset();
    lend_of_source();
    lend_of_domain();
    lend_counted();
    return 0;
}
