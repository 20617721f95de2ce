/* The same transformation is asked for again: the library may hand out the same object. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH from = OSRNewSpatialReference(NULL), to = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(from, 4326);
    OSRImportFromEPSG(to, 32631);
    OSRSetAxisMappingStrategy(from, OAMS_TRADITIONAL_GIS_ORDER);
    OGRCoordinateTransformationH transformation = OCTNewCoordinateTransformation(from, to);
    double x = 3, y = 45;

    OCTDestroyCoordinateTransformation(transformation);
    transformation = OCTNewCoordinateTransformation(from, to);
    OSRDestroySpatialReference(from);
    OSRDestroySpatialReference(to);
    OGRCoordinateTransformationH copy = OCTClone(transformation);
    printf("%d\n", OCTTransform(transformation, 1, &x, &y, NULL));
    printf("%.0f\n", x);
    OCTDestroyCoordinateTransformation(transformation);
    OGRCoordinateTransformationH back = OCTGetInverse(copy);
    printf("%d\n", OCTTransform(back, 1, &x, &y, NULL));
    printf("%.0f\n", x);
    OCTDestroyCoordinateTransformation(copy);
    OCTDestroyCoordinateTransformation(back);
    return 0;
}
