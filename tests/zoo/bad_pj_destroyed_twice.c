/* A PROJ object destroyed twice. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create(context, "+proj=merc +ellps=WGS84"); /* obtained */
    proj_destroy(pj); /* freed */
    proj_destroy(pj); /* used */
    proj_context_destroy(context);
    printf("end\n");
    return 0;
}
