/* The name of a spatial reference used after another one was imported into it: PROJ keeps the old text, so it is not damaged, but wrong. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL), other = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    const char *name = OSRGetName(srs); /* obtained */
    OSRImportFromEPSG(srs, 32631); /* freed */
    OSRSetLocalCS(other, name); /* used */
    printf("%s\n", OSRIsLocal(other) ? OSRGetName(other) : "nothing");
    OSRDestroySpatialReference(other);
    OSRDestroySpatialReference(srs);
    return 0;
}
