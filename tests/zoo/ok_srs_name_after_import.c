/* The name is fetched again. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL), other = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    printf("%s\n", OSRGetName(srs));
    OSRImportFromEPSG(srs, 32631);
    OSRSetLocalCS(other, OSRGetName(srs));
    printf("%s\n", OSRGetName(other));
    OSRDestroySpatialReference(other);
    OSRDestroySpatialReference(srs);
    return 0;
}
