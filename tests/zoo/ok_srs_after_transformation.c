/* The spatial references are destroyed as soon as the transformation is made of them. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH from = OSRNewSpatialReference(NULL), to = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(from, 4326);
    OSRImportFromEPSG(to, 32631);
    OGRCoordinateTransformationH transformation = OCTNewCoordinateTransformation(from, to);
    OSRDestroySpatialReference(from);
    OSRDestroySpatialReference(to);
    double x = 45, y = 3;
    OCTTransform(transformation, 1, &x, &y, NULL);
    printf("%.0f %.0f\n", x, y);
    OCTDestroyCoordinateTransformation(transformation);
    return 0;
}
