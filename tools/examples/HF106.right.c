#include <proj.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *mercator = proj_create(context, "+proj=merc +ellps=WGS84");
    proj_destroy(mercator);
    proj_context_destroy(context); /* after all that was made with it */
    return 0;
}
