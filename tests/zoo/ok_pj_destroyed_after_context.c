/* Two contexts, two objects, each object before its own context. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create(), *other = proj_context_create();
    PJ *pj = proj_create(context, "+proj=merc +ellps=WGS84");
    PJ *second = proj_create(other, "+proj=merc +ellps=WGS84");
    proj_destroy(second);
    proj_context_destroy(other);
    printf("%.0f\n", proj_trans(pj, PJ_FWD, proj_coord(0.1, 0.2, 0, 0)).xy.x);
    proj_destroy(pj);
    proj_context_destroy(context);
    printf("end\n");
    return 0;
}
