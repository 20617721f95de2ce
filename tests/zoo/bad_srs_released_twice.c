/* One release more than there are references. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL); /* obtained */
    OSRImportFromEPSG(srs, 4326);
    OSRReference(srs);
    OSRRelease(srs);
    OSRRelease(srs); /* freed */
    OSRRelease(srs); /* used */
    printf("end\n");
    return 0;
}
