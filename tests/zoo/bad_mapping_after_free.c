/* A mapping of a file is asked for its address after it was freed. */
#include "zoo.h"
#include <cpl_virtualmem.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    VSILFILE *file = VSIFOpenL("tiny.tif", "rb");
    CPLVirtualMem *mapping = CPLVirtualMemFileMapNew(file, 0, 100, VIRTUALMEM_READONLY, NULL, NULL); /* obtained */
    VSIFCloseL(file);
    CPLVirtualMemFree(mapping);                                  /* freed */
    printf("%d\n", CPLVirtualMemGetSize(mapping) == 100 ? 1 : 0); /* used */
    return 0;
}
