/* A PROJ object used after it was destroyed. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create(context, "+proj=merc +ellps=WGS84"); /* obtained */
    proj_destroy(pj); /* freed */
    PJ_COORD point = proj_trans(pj, PJ_FWD, proj_coord(0.1, 0.2, 0, 0)); /* used */
    printf("%.0f %d\n", point.xy.x, proj_context_errno(context) != 0);
    proj_context_destroy(context);
    return 0;
}
