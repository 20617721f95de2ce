/* Lists that outlive the context that they were asked of, and objects that outlive their list. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    int units = 0, bodies = 0;
    PJ_CONTEXT *context = proj_context_create();
    PJ_OBJ_LIST *list = proj_create_from_name(context, "EPSG", "WGS 84", NULL, 0, 0, 2, NULL);
    PROJ_CRS_LIST_PARAMETERS *parameters = proj_get_crs_list_parameters_create();
    PROJ_CRS_INFO **info = proj_get_crs_info_list_from_database(context, "IAU_2015", parameters, NULL);
    PROJ_UNIT_INFO **unit = proj_get_units_from_database(context, "EPSG", "linear", 0, &units);
    PROJ_CELESTIAL_BODY_INFO **body = proj_get_celestial_body_list_from_database(context, "ESRI", &bodies);
    PROJ_STRING_LIST authorities = proj_get_authorities_from_database(context);
    proj_get_crs_list_parameters_destroy(parameters);
    proj_context_destroy(context);
    PJ *pj = proj_list_get(NULL, list, 0);
    printf("%d %d %d %d\n", proj_list_get_count(list), info != NULL, units > 0, authorities != NULL);
    proj_list_destroy(list);
    printf("%s\n", proj_get_name(pj));
    proj_destroy(pj);
    proj_crs_info_list_destroy(info);
    proj_unit_list_destroy(unit);
    proj_celestial_body_list_destroy(body);
    proj_string_list_destroy(authorities);
    return 0;
}
