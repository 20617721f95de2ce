/* A factory of operations that is only destroyed after its context, and operations that outlive both. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ_OPERATION_FACTORY_CONTEXT *factory = proj_create_operation_factory_context(context, NULL);
    PJ *source = proj_create(NULL, "EPSG:4326"), *target = proj_create(NULL, "EPSG:32631");
    PJ_OBJ_LIST *operations = proj_create_operations(context, source, target, factory);
    proj_context_destroy(context);
    proj_operation_factory_context_destroy(factory);
    printf("%d\n", proj_list_get_count(operations));
    proj_list_destroy(operations);
    proj_destroy(source);
    proj_destroy(target);
    return 0;
}
