/* A coordinate transformation used after it was destroyed: the library keeps it for the next who asks for the same, so it still works. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH from = OSRNewSpatialReference(NULL), to = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(from, 4326);
    OSRImportFromEPSG(to, 32631);
    OSRSetAxisMappingStrategy(from, OAMS_TRADITIONAL_GIS_ORDER);
    OGRCoordinateTransformationH transformation = OCTNewCoordinateTransformation(from, to); /* obtained */
    double x = 3, y = 45;

    OCTDestroyCoordinateTransformation(transformation); /* freed */
    printf("%d\n", OCTTransform(transformation, 1, &x, &y, NULL)); /* used */
    printf("%.0f\n", x);
    OSRDestroySpatialReference(from);
    OSRDestroySpatialReference(to);
    return 0;
}
