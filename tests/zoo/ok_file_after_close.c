/* Files are closed once, last, and opened again; a C file by the functions for C files, and by libc. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    char letters[3] = "";
    for (int i = 0; i < 3; i++)
    {
        VSILFILE *file = VSIFOpenL("tiny.tif", "rb");
        printf("%d\n", (int)VSIFReadL(letters, 1, 2, file));
        VSIFCloseL(file);
    }
    FILE *file = VSIFOpen("tiny.tif", "rb");
    printf("%d\n", (int)VSIFRead(letters, 1, 2, file));
    VSIFClose(file);
    file = VSIFOpen("tiny.tif", "rb");
    fclose(file);
    file = fopen("tiny.tif", "rb");
    printf("%d\n", (int)VSIFRead(letters, 1, 2, file));
    VSIFClose(file);
    return 0;
}
