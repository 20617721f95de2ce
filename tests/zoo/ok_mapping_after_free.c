/* A mapping outlives its file, and one derived from it outlives the mapping. */
#include "zoo.h"
#include <cpl_virtualmem.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    VSILFILE *file = VSIFOpenL("tiny.tif", "rb");
    CPLVirtualMem *mapping = CPLVirtualMemFileMapNew(file, 0, 100, VIRTUALMEM_READONLY, NULL, NULL);
    VSIFCloseL(file);
    CPLVirtualMem *derived = CPLVirtualMemDerivedNew(mapping, 0, 10, NULL, NULL);
    CPLVirtualMemFree(mapping);
    printf("%.2s %d\n", (const char *)CPLVirtualMemGetAddr(derived), (int)CPLVirtualMemGetSize(derived));
    CPLVirtualMemFree(derived);
    return 0;
}
