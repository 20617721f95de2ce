/* The operation that a transformation used last is an object of its own, but of the same context. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create_crs_to_crs(context, "EPSG:4326", "EPSG:32631", NULL);
    proj_trans(pj, PJ_FWD, proj_coord(40, 3, 0, 0));
    PJ *last = proj_trans_get_last_used_operation(pj); /* obtained */
    proj_destroy(pj);
    proj_context_destroy(context); /* freed */
    proj_destroy(last); /* used */
    printf("end\n");
    return 0;
}
