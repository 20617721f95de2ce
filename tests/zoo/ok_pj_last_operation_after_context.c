/* Objects that outlive the one that they were made of: the last operation, a clone, a part, and one of the default context. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create_crs_to_crs(context, "EPSG:4326", "EPSG:32631", NULL);
    PJ *target = proj_get_target_crs(context, pj), *clone = proj_clone(NULL, pj);
    proj_trans(pj, PJ_FWD, proj_coord(40, 3, 0, 0));
    PJ *last = proj_trans_get_last_used_operation(pj);
    proj_destroy(pj);
    printf("%s\n", proj_get_name(target));
    proj_destroy(last);
    proj_destroy(target);
    proj_context_destroy(context);
    printf("%d\n", proj_trans(clone, PJ_FWD, proj_coord(40, 3, 0, 0)).xy.x > 0);
    proj_destroy(clone);
    return 0;
}
