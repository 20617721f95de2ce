/* Components outlive the type that they were read from; they and their array go together. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALExtendedDataTypeH number = GDALExtendedDataTypeCreate(GDT_Float64);
    GDALEDTComponentH parts[] = {GDALEDTComponentCreate("x", 0, number), GDALEDTComponentCreate("y", 8, number)};
    GDALExtendedDataTypeH pair = GDALExtendedDataTypeCreateCompound("pair", 16, 2, parts);
    size_t components = 0;
    GDALEDTComponentH *list = GDALExtendedDataTypeGetComponents(pair, &components);
    GDALExtendedDataTypeH first = GDALEDTComponentGetType(list[0]);
    printf("%s %d\n", GDALEDTComponentGetName(list[1]), (int)GDALExtendedDataTypeGetSize(first));
    GDALExtendedDataTypeFreeComponents(list, components);
    GDALExtendedDataTypeRelease(first);
    GDALEDTComponentRelease(parts[0]);
    GDALEDTComponentRelease(parts[1]);
    GDALExtendedDataTypeRelease(pair);
    GDALExtendedDataTypeRelease(number);
    printf("end\n");
    return 0;
}
