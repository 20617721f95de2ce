/* The dimensions of an array released one by one, and then with the array of handles again. */
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
    GDALDimensionH *list = GDALMDArrayGetDimensions(array, &dimensions); /* obtained */
    printf("%d\n", (int)GDALDimensionGetSize(list[0]));
    GDALDimensionRelease(list[0]); /* freed */
    GDALReleaseDimensions(list, dimensions); /* used */
    GDALMDArrayRelease(array);
    GDALDimensionRelease(x);
    GDALExtendedDataTypeRelease(type);
    GDALGroupRelease(root);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
