/* The bytes under a /vsimem file, still the caller's, are freed while the file is there: whoever reads it gets other bytes. */
#include "zoo.h"
#include <string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GByte *bytes = CPLMalloc(5000);
    memset(bytes, 'a', 5000);
    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/letters", bytes, 5000, FALSE)); /* obtained */
    CPLFree(bytes);                                                          /* used */
    GByte *others = CPLMalloc(5000);
    memset(others, 'b', 5000);
    VSILFILE *file = VSIFOpenL("/vsimem/letters", "rb");
    char letter = 0;
    VSIFSeekL(file, 3000, SEEK_SET);
    VSIFReadL(&letter, 1, 1, file);
    VSIFCloseL(file);
    printf("%c\n", letter);
    VSIUnlink("/vsimem/letters");
    CPLFree(others);
    return 0;
}
