/* A list of objects destroyed as if it were one object. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_OBJ_LIST *list = proj_create_from_name(NULL, "EPSG", "WGS 84", NULL, 0, 0, 2, NULL); /* obtained */
    proj_destroy((PJ *)list); /* used */
    printf("end\n");
    return 0;
}
