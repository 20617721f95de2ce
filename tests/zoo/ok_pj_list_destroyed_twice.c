/* The two lists of units, and destroyers that are given NULL. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    for (int i = 0; i < 2; i++)
    {
        PROJ_UNIT_INFO **units = proj_get_units_from_database(NULL, "EPSG", "angular", 0, NULL);
        proj_unit_list_destroy(units);
    }
    proj_unit_list_destroy(NULL);
    proj_list_destroy(NULL);
    proj_area_destroy(NULL);
    proj_destroy(NULL);
    printf("end\n");
    return 0;
}
