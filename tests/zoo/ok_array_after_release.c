/* Two handles of one array: releasing one leaves the other, and its name. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreateMultiDimensional(GDALGetDriverByName("MEM"), "m", NULL, NULL);
    GDALGroupH root = GDALDatasetGetRootGroup(dataset);
    GDALExtendedDataTypeH type = GDALExtendedDataTypeCreate(GDT_Byte);
    GDALDimensionH x = GDALGroupCreateDimension(root, "x", NULL, NULL, 3, NULL);
    GDALMDArrayH array = GDALGroupCreateMDArray(root, "a", 1, &x, type, NULL);
    GDALMDArrayH again = GDALGroupOpenMDArray(root, "a", NULL);
    const char *name = GDALMDArrayGetName(array);
    GDALMDArrayRelease(array);
    printf("%d %s\n", (int)GDALMDArrayGetDimensionCount(again), name);
    GDALMDArrayRelease(again);
    GDALDimensionRelease(x);
    GDALExtendedDataTypeRelease(type);
    GDALGroupRelease(root);
    GDALClose(dataset);
    return 0;
}
