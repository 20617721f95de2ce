/* A style manager outlives its table, which it reads only for styles named "@...". */
#include "zoo.h"
#include <ogr_core.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRStyleTableH table = OGR_STBL_Create();
    OGR_STBL_AddStyle(table, "red", "PEN(c:#FF0000)");
    OGRStyleMgrH manager = OGR_SM_Create(table);
    OGR_STBL_Destroy(table);
    printf("%d\n", OGR_SM_InitStyleString(manager, "PEN(c:#00FF00);LABEL(t:\"x\")"));
    printf("%d\n", OGR_SM_GetPartCount(manager, NULL));
    OGR_SM_Destroy(manager);
    return 0;
}
