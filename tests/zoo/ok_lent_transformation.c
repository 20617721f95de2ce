/* A coordinate transformation lends its two reference systems. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH from = OSRNewSpatialReference(NULL), to = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(from, 4326);
    OSRImportFromEPSG(to, 32631);
    OGRCoordinateTransformationH transformation = OCTNewCoordinateTransformation(from, to);
    OSRRelease(from);
    OSRRelease(to);
    printf("%d %d\n", OSRIsGeographic(OCTGetSourceCS(transformation)), OSRIsProjected(OCTGetTargetCS(transformation)));
    OCTDestroyCoordinateTransformation(transformation);
    return 0;
}
