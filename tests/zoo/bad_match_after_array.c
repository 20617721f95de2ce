/* One of the spatial references of OSRFindMatches() used after the array was freed, and they with it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 32631);
    int count_of = 0, *confidence = NULL;
    OGRSpatialReferenceH *matches = OSRFindMatches(srs, NULL, &count_of, &confidence); /* obtained */
    OGRSpatialReferenceH best = matches[0];
    OSRFreeSRSArray(matches); /* freed */
    CPLFree(confidence);
    printf("%d\n", OSRIsProjected(best)); /* used */
    OSRDestroySpatialReference(srs);
    return 0;
}
