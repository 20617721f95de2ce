/* An object and its clone, each destroyed once; NULL is allowed. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create(context, "+proj=merc +ellps=WGS84");
    PJ *clone = proj_clone(context, pj);
    proj_destroy(pj);
    printf("%.0f\n", proj_trans(clone, PJ_FWD, proj_coord(0.1, 0.2, 0, 0)).xy.x);
    proj_destroy(clone);
    proj_destroy(NULL);
    proj_context_destroy(context);
    printf("end\n");
    return 0;
}
