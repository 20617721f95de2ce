/* A text that the caller has to free, one that is the object's, and a list of texts. */
#include <proj.h>
#include <stdio.h>

int main(void)
{
    PJ *pj = proj_create(NULL, "EPSG:4326");
    PJ_INSERT_SESSION *session = proj_insert_object_session_create(NULL);
    char *code = proj_suggests_code_for(NULL, pj, "HOBU", 0, NULL);
    PROJ_STRING_LIST statements = proj_get_insert_statements(NULL, session, pj, "HOBU", "X", 0, NULL, NULL);
    printf("%s %s %d\n", proj_get_name(pj), code, statements != NULL);
    proj_insert_object_session_destroy(NULL, session);
    proj_string_list_destroy(statements);
    proj_destroy(pj);
    proj_string_destroy(code);
    return 0;
}
