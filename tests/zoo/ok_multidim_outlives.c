/* Every sort of multidimensional object, each way to get one, used and released after the dataset and what it came from are gone. */
#include "zoo.h"

static void show(GDALMDArrayH array)
{
    printf("%s %d\n", GDALMDArrayGetName(array), (int)GDALMDArrayGetTotalElementsCount(array));
    GDALMDArrayRelease(array);
}

static void show_attribute(GDALAttributeH attribute)
{
    printf("%s %d\n", GDALAttributeGetName(attribute), (int)GDALAttributeGetTotalElementsCount(attribute));
    GDALAttributeRelease(attribute);
}

static void show_dimensions(GDALDimensionH *dimensions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s %d\n", GDALDimensionGetName(dimensions[i]), (int)GDALDimensionGetSize(dimensions[i]));
    GDALReleaseDimensions(dimensions, count);
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreateMultiDimensional(GDALGetDriverByName("MEM"), "m", NULL, NULL);
    GDALDatasetH raster = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALExtendedDataTypeH type = GDALExtendedDataTypeCreate(GDT_Byte);
    GDALGroupH root = GDALDatasetGetRootGroup(dataset), group = GDALGroupCreateGroup(root, "g", NULL);
    GDALDimensionH dimension = GDALGroupCreateDimension(root, "x", NULL, NULL, 3, NULL);
    GDALMDArrayH array = GDALGroupCreateMDArray(root, "a", 1, &dimension, type, NULL), index = GDALGroupCreateMDArray(root, "x", 1, &dimension, type, NULL);
    GDALDimensionSetIndexingVariable(dimension, index);
    GUInt64 three = 3;
    GDALAttributeH of_group = GDALGroupCreateAttribute(root, "u", 1, &three, type, NULL), of_array = GDALMDArrayCreateAttribute(array, "v", 0, NULL, type, NULL);

    GDALGroupH opened = GDALGroupOpenGroup(root, "g", NULL), by_name = GDALGroupOpenGroupFromFullname(root, "/g", NULL);
    GDALMDArrayH arrays[] = {GDALGroupOpenMDArray(root, "a", NULL), GDALGroupOpenMDArrayFromFullname(root, "/a", NULL), GDALGroupResolveMDArray(root, "a", "", NULL),
                             GDALDimensionGetIndexingVariable(dimension), GDALMDArrayGetMask(array, NULL), GDALMDArrayGetUnscaled(array), GDALMDArrayGetView(array, "[0:2]"),
                             GDALMDArrayTranspose(array, 1, (int[]){0}), GDALRasterBandAsMDArray(GDALGetRasterBand(raster, 1))};
    GDALAttributeH attributes[] = {GDALGroupGetAttribute(root, "u"), GDALMDArrayGetAttribute(array, "v")};
    size_t group_attributes = 0, array_attributes = 0, coordinates = 0, group_dimensions = 0, array_dimensions = 0;
    GDALAttributeH *of_root = GDALGroupGetAttributes(root, &group_attributes, NULL), *of_a = GDALMDArrayGetAttributes(array, &array_attributes, NULL);
    GDALMDArrayH *variables = GDALMDArrayGetCoordinateVariables(array, &coordinates);
    GDALDimensionH *in_root = GDALGroupGetDimensions(root, &group_dimensions, NULL), *in_a = GDALMDArrayGetDimensions(array, &array_dimensions);

    GDALClose(dataset);
    GDALClose(raster);
    GDALGroupRelease(root);
    printf("%s %s %s\n", GDALGroupGetName(group), GDALGroupGetName(opened), GDALGroupGetName(by_name));
    GDALGroupRelease(group);
    GDALGroupRelease(opened);
    GDALGroupRelease(by_name);
    show(array);
    show(index);
    for (unsigned i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        show(arrays[i]);
    show_attribute(of_group);
    show_attribute(of_array);
    for (unsigned i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        show_attribute(attributes[i]);
    printf("%d %d %d\n", (int)group_attributes, (int)array_attributes, (int)coordinates);
    GDALReleaseAttributes(of_root, group_attributes);
    GDALReleaseAttributes(of_a, array_attributes);
    GDALReleaseArrays(variables, coordinates);
    show_dimensions(in_root, group_dimensions);
    show_dimensions(in_a, array_dimensions);
    GDALDimensionRelease(dimension);
    GDALExtendedDataTypeRelease(type);
    return 0;
}
