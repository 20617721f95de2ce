/* The bytes of a /vsimem file are looked at while it grows and its memory moves, and blocks of the caller's come to lie where they were. */
#include "zoo.h"
#include <string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    VSILFILE *file = VSIFileFromMemBuffer("/vsimem/letters", CPLCalloc(10, 1), 10, TRUE);
    GByte *first = VSIGetMemFileBuffer("/vsimem/letters", NULL, FALSE);
    char letters[1000];
    memset(letters, 'a', sizeof letters);
    int again = 0, moved = 0;
    for (int i = 0; i < 200; i++)
    {
        GByte *before = VSIGetMemFileBuffer("/vsimem/letters", NULL, FALSE);
        VSIFWriteL(letters, 1, sizeof letters, file);
        vsi_l_offset size = 0;
        GByte *bytes = VSIGetMemFileBuffer("/vsimem/letters", &size, FALSE);
        moved += bytes != before;
        GByte *others[40];
        for (int j = 0; j < 40; j++)
        {
            others[j] = j % 2 == 0 ? CPLMalloc(10) : CPLMalloc(4000);
            again += others[j] == first || (others[j] == before && bytes != before);
        }
        for (int j = 0; j < 40; j++)
            CPLFree(others[j]);
    }
    printf("%d %d\n", moved > 0, again > 0);
    VSIFCloseL(file);
    VSIUnlink("/vsimem/letters");

    GByte *own = CPLMalloc(100);
    memset(own, 'c', 100);
    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/own", own, 100, FALSE));
    printf("%d\n", VSIGetMemFileBuffer("/vsimem/own", NULL, FALSE) == own);
    VSIUnlink("/vsimem/own");
    CPLFree(own);
    return 0;
}
