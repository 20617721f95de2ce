/* An insertion session stopped after its context was destroyed. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ_CONTEXT *context = proj_context_create(); /* obtained2 */
    PJ_INSERT_SESSION *session = proj_insert_object_session_create(context); /* obtained */
    proj_context_destroy(context); /* freed */
    proj_insert_object_session_destroy(context, session); /* used */
    printf("end\n");
    return 0;
}
