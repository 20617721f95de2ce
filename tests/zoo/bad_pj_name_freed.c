/* The name of an object freed: it is the object's. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ *pj = proj_create(NULL, "EPSG:4326");
    char *name = (char *)proj_get_name(pj); /* obtained */
    proj_string_destroy(name); /* used */
    printf("end\n");
    proj_destroy(pj);
    return 0;
}
