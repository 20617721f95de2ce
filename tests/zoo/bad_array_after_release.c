/* A multidimensional array used after its release. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreateMultiDimensional(GDALGetDriverByName("MEM"), "m", NULL, NULL);
    GDALGroupH root = GDALDatasetGetRootGroup(dataset);
    GDALExtendedDataTypeH type = GDALExtendedDataTypeCreate(GDT_Byte);
    GDALDimensionH x = GDALGroupCreateDimension(root, "x", NULL, NULL, 3, NULL);
    GDALMDArrayH array = GDALGroupCreateMDArray(root, "a", 1, &x, type, NULL); /* obtained */
    GDALMDArrayRelease(array); /* freed */
    int dimensions = (int)GDALMDArrayGetDimensionCount(array); /* used */
    printf("%d\n", dimensions);
    GDALDimensionRelease(x);
    GDALExtendedDataTypeRelease(type);
    GDALGroupRelease(root);
    GDALClose(dataset);
    return 0;
}
