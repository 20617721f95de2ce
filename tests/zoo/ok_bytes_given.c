/* Bytes that were given to a /vsimem file go with it, or are taken back with it, and are then the caller's to free. */
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
    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/letters", letters('a'), 5000, TRUE));
    VSIUnlink("/vsimem/letters");

    VSIFCloseL(VSIFileFromMemBuffer("/vsimem/letters", letters('b'), 5000, TRUE));
    vsi_l_offset size = 0;
    GByte *bytes = VSIGetMemFileBuffer("/vsimem/letters", &size, FALSE);
    printf("%c %d\n", bytes[3000], (int)size);
    bytes = VSIGetMemFileBuffer("/vsimem/letters", &size, TRUE);
    printf("%c %d\n", bytes[3000], (int)size);
    CPLFree(bytes);

    VSILFILE *file = VSIFOpenL("/vsimem/written", "wb");
    VSIFWriteL("text", 4, 1, file);
    VSIFCloseL(file);
    bytes = VSIGetMemFileBuffer("/vsimem/written", &size, TRUE);
    printf("%c %d\n", bytes[3], (int)size);
    VSIFree(bytes);
    return 0;
}
