/* A PROJ object moved to another context outlives the one that it was made in. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *first = proj_context_create(), *second = proj_context_create();
    PJ *pj = proj_create(first, "+proj=merc +ellps=WGS84");
    proj_assign_context(pj, second);
    proj_context_destroy(first);
    printf("%.0f\n", proj_trans(pj, PJ_FWD, proj_coord(0.1, 0.2, 0, 0)).xy.x);
    PJ_CONTEXT *third = proj_context_create();
    proj_assign_context(pj, third);
    proj_context_destroy(second);
    printf("%.0f\n", proj_trans(pj, PJ_FWD, proj_coord(0.1, 0.2, 0, 0)).xy.x);
    proj_destroy(pj);
    proj_context_destroy(third);
    return 0;
}
