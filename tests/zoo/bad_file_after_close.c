/* A file in memory is read after it was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    VSILFILE *file = VSIFOpenL("tiny.tif", "rb"); /* obtained */
    char letters[3] = "";
    VSIFReadL(letters, 1, 2, file);
    VSIFCloseL(file);                                  /* freed */
    printf("%d\n", (int)VSIFReadL(letters, 1, 2, file)); /* used */
    return 0;
}
