/* A list of units destroyed twice. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PROJ_UNIT_INFO **units = proj_get_units_from_database(NULL, "EPSG", "angular", 0, NULL); /* obtained */
    proj_unit_list_destroy(units); /* freed */
    proj_unit_list_destroy(units); /* used */
    printf("end\n");
    return 0;
}
