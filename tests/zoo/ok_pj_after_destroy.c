/* The pointer is used again for another object; the default context is NULL. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ *pj = proj_create(NULL, "+proj=merc +ellps=WGS84");
    printf("%.0f\n", proj_trans(pj, PJ_FWD, proj_coord(0.1, 0.2, 0, 0)).xy.x);
    proj_destroy(pj);
    pj = proj_create(PJ_DEFAULT_CTX, "+proj=eqc +ellps=WGS84");
    printf("%.0f\n", proj_trans(pj, PJ_FWD, proj_coord(0.1, 0.2, 0, 0)).xy.x);
    proj_destroy(pj);
    return 0;
}
