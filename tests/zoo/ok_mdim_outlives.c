/* Multidimensional objects outlive their dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreateMultiDimensional(GDALGetDriverByName("MEM"), "m", NULL, NULL);
    GDALGroupH root = GDALDatasetGetRootGroup(dataset);
    GDALDimensionH dimension = GDALGroupCreateDimension(root, "x", NULL, NULL, 3, NULL);
    GDALExtendedDataTypeH type = GDALExtendedDataTypeCreate(GDT_Byte);
    GDALMDArrayH array = GDALGroupCreateMDArray(root, "a", 1, &dimension, type, NULL);
    GDALClose(dataset);
    printf("%d %s\n", (int)GDALMDArrayGetDimensionCount(array), GDALGroupGetName(root));
    GDALGroupRelease(root);
    printf("%d\n", (int)GDALMDArrayGetTotalElementsCount(array));
    GDALMDArrayRelease(array);
    GDALExtendedDataTypeRelease(type);
    GDALDimensionRelease(dimension);
    return 0;
}
