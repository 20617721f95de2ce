/* The bytes under a /vsimem file are freed after the file is removed, renamed away and removed, or replaced. */
#include "zoo.h"
#include <string.h>

static GByte *letters(char letter)
{
    GByte *bytes = CPLMalloc(5000);
    memset(bytes, letter, 5000);
    return bytes;
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GByte *bytes = letters('a');
    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/letters", bytes, 5000, FALSE));
    VSILFILE *file = VSIFOpenL("/vsimem/letters", "rb");
    char letter = 0;
    VSIFSeekL(file, 3000, SEEK_SET);
    VSIFReadL(&letter, 1, 1, file);
    VSIFCloseL(file);
    printf("%c\n", letter);
    VSIUnlink("/vsimem/letters");
    CPLFree(bytes);

    bytes = letters('b');
    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/letters", bytes, 5000, FALSE));
    VSIRename("/vsimem/letters", "/vsimem/moved");
    VSIUnlink("/vsimem/moved");
    CPLFree(bytes);

    bytes = letters('c');
    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/letters", bytes, 5000, FALSE));
    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/letters", letters('d'), 5000, TRUE));
    CPLFree(bytes);

    bytes = letters('e');
    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/folder/letters", bytes, 5000, FALSE));
    VSIRmdirRecursive("/vsimem/folder");
    VSIRmdirRecursive("/vsimem/");
    free(bytes);
    return 0;
}
