/* An object has one text of a format: the second call replaces what the first one gave. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ *pj = proj_create(NULL, "EPSG:32631");
    const char *first = proj_as_wkt(NULL, pj, PJ_WKT2_2019, NULL); /* obtained */
    const char *second = proj_as_wkt(NULL, pj, PJ_WKT1_GDAL, NULL); /* freed */
    PJ *copy = proj_create(NULL, first); /* used */
    printf("%s %d\n", copy != NULL ? proj_get_name(copy) : "nothing", second != NULL);
    proj_destroy(copy);
    proj_destroy(pj);
    return 0;
}
