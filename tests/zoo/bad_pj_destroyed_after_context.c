/* A PROJ object destroyed after its context. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create(context, "+proj=merc +ellps=WGS84"); /* obtained */
    proj_context_destroy(context); /* freed */
    proj_destroy(pj); /* used */
    printf("end\n");
    return 0;
}
