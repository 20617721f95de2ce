/* Components of a data type released as data types, which is what the documentation of GDALExtendedDataTypeGetComponents says. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALExtendedDataTypeH number = GDALExtendedDataTypeCreate(GDT_Float64);
    GDALEDTComponentH parts[] = {GDALEDTComponentCreate("x", 0, number), GDALEDTComponentCreate("y", 8, number)};
    GDALExtendedDataTypeH pair = GDALExtendedDataTypeCreateCompound("pair", 16, 2, parts);
    size_t components = 0;
    GDALEDTComponentH *list = GDALExtendedDataTypeGetComponents(pair, &components); /* obtained */
    printf("%s\n", GDALEDTComponentGetName(list[1]));
    GDALExtendedDataTypeRelease((GDALExtendedDataTypeH)list[1]); /* used */
    GDALEDTComponentRelease(list[0]);
    CPLFree(list);
    GDALEDTComponentRelease(parts[0]);
    GDALEDTComponentRelease(parts[1]);
    GDALExtendedDataTypeRelease(pair);
    GDALExtendedDataTypeRelease(number);
    printf("end\n");
    return 0;
}
