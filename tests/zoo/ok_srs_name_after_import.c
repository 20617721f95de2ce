/* The name is fetched again; what was fetched before is only looked at by the program, and freed with what it belongs to. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL), other = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    const char *before = OSRGetName(srs);
    printf("%s\n", before);
    OSRImportFromEPSG(srs, 32631);
    OSRSetLocalCS(other, OSRGetName(srs));
    printf("%s\n", OSRGetName(other));
    OSRDestroySpatialReference(other);
    OSRDestroySpatialReference(srs);
    return 0;
}
