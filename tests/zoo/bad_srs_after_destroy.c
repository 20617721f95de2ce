/* A spatial reference used after it was destroyed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL); /* obtained */
    OSRImportFromEPSG(srs, 32631);
    OSRDestroySpatialReference(srs);    /* freed */
    int projected = OSRIsProjected(srs); /* used */
    printf("%d\n", projected);
    return 0;
}
