/* The bytes of a /vsimem file were asked for, not taken, and are freed: the file shows what comes next, and frees them again. */
#include "zoo.h"
#include <string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    VSILFILE *file = VSIFOpenL("/vsimem/letters", "wb+");
    char letters[5000];
    memset(letters, 'a', sizeof letters);
    VSIFWriteL(letters, 1, sizeof letters, file);
    vsi_l_offset size = 0;
    GByte *bytes = VSIGetMemFileBuffer("/vsimem/letters", &size, FALSE); /* obtained */
    printf("%c %d\n", bytes[3000], (int)size);
    VSIFree(bytes); /* used */
    GByte *others = CPLMalloc(10500);
    memset(others, 'b', 10500);
    VSIFSeekL(file, 3000, SEEK_SET);
    VSIFReadL(letters, 1, 1, file);
    printf("%c\n", letters[0]);
    VSIFCloseL(file);
    CPLFree(others);
    VSIUnlink("/vsimem/letters");
    return 0;
}
