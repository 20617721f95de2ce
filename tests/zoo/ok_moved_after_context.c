/* QGIS: a PROJ object outlives the context of the thread that made it, and gets another one before it is destroyed. */
#include <proj.h>
#include <stdio.h>
int main(void)
{
    PJ_CONTEXT *first = proj_context_create();
    PJ *pj = proj_create(first, "+proj=merc +ellps=WGS84");
    proj_context_destroy(first);
    PJ_CONTEXT *second = proj_context_create();
    proj_assign_context(pj, second);
    printf("%.0f\n", proj_trans(pj, PJ_FWD, proj_coord(0.1, 0.2, 0, 0)).xy.x);
    proj_destroy(pj);
    proj_context_destroy(second);
    return 0;
}
