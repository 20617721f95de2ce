/* Lists grow and shrink at both ends, and their elements are walked over. */
#include "zoo.h"
#include <cpl_list.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    int numbers[] = {0, 1, 2, 3, 4};
    CPLList *list = NULL;
    for (int i = 2; i < 5; i++)
        list = CPLListAppend(list, &numbers[i]);
    list = CPLListInsert(list, &numbers[1], 0);
    list = CPLListInsert(list, &numbers[0], 0);
    for (CPLList *element = CPLListGet(list, 0); element != NULL; element = CPLListGetNext(element))
        printf("%d ", *(int *)CPLListGetData(element));
    list = CPLListRemove(list, 0);
    list = CPLListRemove(list, 3);
    list = CPLListRemove(list, 0);
    printf("%d %d\n", CPLListCount(list), *(int *)CPLListGetData(CPLListGetLast(list)));
    list = CPLListRemove(list, 0);
    list = CPLListRemove(list, 0);
    printf("%d\n", list == NULL);
    list = CPLListAppend(list, &numbers[4]);
    CPLListDestroy(list);
    return 0;
}
