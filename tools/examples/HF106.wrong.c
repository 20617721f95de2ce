#include <proj.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *mercator = proj_create(context, "+proj=merc +ellps=WGS84");
    proj_context_destroy(context); /* the object still needs it */
    proj_destroy(mercator);
    return 0;
}
