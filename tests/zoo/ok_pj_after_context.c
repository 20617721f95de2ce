/* Objects first, then their context. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create(context, "+proj=merc +ellps=WGS84");
    PJ_COORD point = proj_trans(pj, PJ_FWD, proj_coord(0.1, 0.2, 0, 0));
    printf("%.0f\n", point.xy.x);
    proj_destroy(pj);
    proj_context_destroy(context);
    return 0;
}
