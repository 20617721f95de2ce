/* A list of operations that was asked for the best one keeps objects of the context that it was asked with. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    proj_log_level(context, PJ_LOG_NONE); /* of grids that are not there */
    PJ_OPERATION_FACTORY_CONTEXT *factory = proj_create_operation_factory_context(NULL, NULL);
    proj_operation_factory_context_set_spatial_criterion(NULL, factory, PROJ_SPATIAL_CRITERION_PARTIAL_INTERSECTION);
    PJ *source = proj_create(NULL, "EPSG:4267"), *target = proj_create(NULL, "EPSG:4269");
    PJ_OBJ_LIST *operations = proj_create_operations(NULL, source, target, factory); /* obtained */
    printf("%d\n", proj_get_suggested_operation(context, operations, PJ_FWD, proj_coord(40, -100, 0, 0)) >= 0);
    proj_context_destroy(context); /* freed */
    proj_list_destroy(operations); /* used */
    proj_operation_factory_context_destroy(factory);
    proj_destroy(source);
    proj_destroy(target);
    return 0;
}
