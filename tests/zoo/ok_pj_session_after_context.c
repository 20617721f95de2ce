/* A session stopped while its context lives. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ_INSERT_SESSION *session = proj_insert_object_session_create(context);
    proj_insert_object_session_destroy(context, session);
    proj_context_destroy(context);
    printf("end\n");
    return 0;
}
