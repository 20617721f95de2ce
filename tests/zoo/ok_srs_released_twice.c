/* As many releases as references. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    OSRReference(srs);
    OSRRelease(srs);
    printf("%d\n", OSRIsGeographic(srs));
    OSRRelease(srs);
    printf("end\n");
    return 0;
}
