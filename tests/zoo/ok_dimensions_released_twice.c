/* Both ways to release the dimensions of an array: all at once, or one by one and the array of handles alone with CPLFree. */
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
    size_t dimensions = 0;
    GDALDimensionH *list = GDALMDArrayGetDimensions(array, &dimensions);
    GDALReleaseDimensions(list, dimensions);
    list = GDALMDArrayGetDimensions(array, &dimensions);
    GDALDimensionH kept = list[0];
    CPLFree(list);
    printf("%d\n", (int)GDALDimensionGetSize(kept));
    GDALDimensionRelease(kept);
    GDALMDArrayRelease(array);
    GDALDimensionRelease(x);
    GDALExtendedDataTypeRelease(type);
    GDALGroupRelease(root);
    GDALClose(dataset);
    return 0;
}
