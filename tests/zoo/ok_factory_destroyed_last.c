/* An operation factory context needs its context for every use but its own destruction. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *from = proj_create(context, "EPSG:4326"), *to = proj_create(context, "EPSG:32631");
    PJ_OPERATION_FACTORY_CONTEXT *factory = proj_create_operation_factory_context(context, NULL);
    PJ_OBJ_LIST *list = proj_create_operations(context, from, to, factory);
    printf("%d\n", proj_list_get_count(list));
    proj_list_destroy(list);
    proj_destroy(from);
    proj_destroy(to);
    proj_context_destroy(context);
    proj_operation_factory_context_destroy(factory);
    return 0;
}
