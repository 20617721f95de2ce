/* Texts of three formats at once, which do not replace one another, and two of one format, each used before the next. */
#include <proj.h>
#include <stdio.h>

static void try(const char *text)
{
    PJ *copy = proj_create(NULL, text);
    printf("%s\n", copy != NULL ? proj_get_name(copy) : "nothing");
    proj_destroy(copy);
}

int main(void)
{
    PJ *pj = proj_create(NULL, "EPSG:32631");
    const char *wkt = proj_as_wkt(NULL, pj, PJ_WKT2_2019, NULL), *json = proj_as_projjson(NULL, pj, NULL);
    const char *words = proj_as_proj_string(NULL, pj, PJ_PROJ_5, NULL);
    try(wkt);
    try(json);
    printf("%s\n", words);
    wkt = proj_as_wkt(NULL, pj, PJ_WKT1_GDAL, NULL);
    try(wkt);
    try(json);
    proj_destroy(pj);
    return 0;
}
