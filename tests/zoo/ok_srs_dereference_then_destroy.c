/* How bindings end a spatial reference: OSRDereference() == 0, then OSRDestroySpatialReference(). */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    OSRReference(srs);
    if (OSRDereference(srs) == 0)
        printf("too early\n");
    printf("%d\n", OSRIsGeographic(srs));
    if (OSRDereference(srs) == 0)
        OSRDestroySpatialReference(srs);
    return 0;
}
