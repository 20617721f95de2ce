/* The raw value of an attribute freed with its own function, texts as well. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreateMultiDimensional(GDALGetDriverByName("MEM"), "m", NULL, NULL);
    GDALGroupH root = GDALDatasetGetRootGroup(dataset);
    GDALExtendedDataTypeH type = GDALExtendedDataTypeCreateString(0);
    GDALAttributeH attribute = GDALGroupCreateAttribute(root, "title", 0, NULL, type, NULL);
    GDALAttributeWriteString(attribute, "a long enough title of its own");
    size_t bytes = 0;
    GByte *raw = GDALAttributeReadAsRaw(attribute, &bytes);
    printf("%s\n", *(char **)raw);
    GDALAttributeFreeRawResult(attribute, raw, bytes);
    GDALAttributeRelease(attribute);
    GDALExtendedDataTypeRelease(type);
    GDALGroupRelease(root);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
