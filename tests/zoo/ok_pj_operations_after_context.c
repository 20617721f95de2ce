/* A list of operations destroyed before the context that it was asked with, and an operation of it that belongs to another. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    proj_log_level(context, PJ_LOG_NONE); /* of grids that are not there */
    PJ_OPERATION_FACTORY_CONTEXT *factory = proj_create_operation_factory_context(NULL, NULL);
    proj_operation_factory_context_set_spatial_criterion(NULL, factory, PROJ_SPATIAL_CRITERION_PARTIAL_INTERSECTION);
    PJ *source = proj_create(NULL, "EPSG:4267"), *target = proj_create(NULL, "EPSG:4269");
    PJ_OBJ_LIST *operations = proj_create_operations(NULL, source, target, factory);
    int best = proj_get_suggested_operation(context, operations, PJ_FWD, proj_coord(40, -100, 0, 0));
    PJ *operation = proj_list_get(NULL, operations, best);
    proj_list_destroy(operations);
    proj_context_destroy(context);
    printf("%d\n", proj_trans(operation, PJ_FWD, proj_coord(40, -100, 0, 0)).v[0] != 0);
    proj_destroy(operation);
    proj_operation_factory_context_destroy(factory);
    proj_destroy(source);
    proj_destroy(target);
    return 0;
}
