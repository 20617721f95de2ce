/* Bytes that were given to a /vsimem file for good are freed by their old owner: the file shows what comes next, and frees them again. */
#include "zoo.h"
#include <string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GByte *bytes = CPLMalloc(5000);
    memset(bytes, 'a', 5000);
    VSILFILE *file = VSIFileFromMemBuffer("/vsimem/letters", bytes, 5000, TRUE); /* obtained */
    CPLFree(bytes);                                                              /* used */
    GByte *others = CPLMalloc(5000);
    memset(others, 'b', 5000);
    char letter = 0;
    VSIFSeekL(file, 3000, SEEK_SET);
    VSIFReadL(&letter, 1, 1, file);
    VSIFCloseL(file);
    printf("%c\n", letter);
    return 0;
}
