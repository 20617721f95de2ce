/* A factory of operations used after the context that it was made with. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ_OPERATION_FACTORY_CONTEXT *factory = proj_create_operation_factory_context(context, NULL); /* obtained */
    PJ *source = proj_create(NULL, "EPSG:4326"), *target = proj_create(NULL, "EPSG:32631");
    proj_context_destroy(context); /* freed */
    PJ_OBJ_LIST *operations = proj_create_operations(NULL, source, target, factory); /* used */
    printf("%d\n", proj_list_get_count(operations));
    proj_list_destroy(operations);
    proj_operation_factory_context_destroy(factory);
    proj_destroy(source);
    proj_destroy(target);
    return 0;
}
