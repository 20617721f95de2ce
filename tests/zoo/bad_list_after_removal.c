/* The first element of a list is removed, and the variable that held the list is used on. */
#include "zoo.h"
#include <cpl_list.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    int one = 1, two = 2;
    CPLList *list = CPLListAppend(NULL, &one); /* obtained */
    list = CPLListAppend(list, &two);
    CPLList *rest = CPLListRemove(list, 0);    /* freed */
    printf("%d\n", CPLListCount(list) != 2 ? 1 : 2); /* used */
    CPLListDestroy(rest);
    return 0;
}
