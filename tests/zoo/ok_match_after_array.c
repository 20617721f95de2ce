/* The best match is referenced before the array is freed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 32631);
    int count_of = 0, *confidence = NULL;
    OGRSpatialReferenceH *matches = OSRFindMatches(srs, NULL, &count_of, &confidence);
    OGRSpatialReferenceH best = matches[0];
    OSRReference(best);
    OSRFreeSRSArray(matches);
    OSRFreeSRSArray(NULL);
    printf("%d %d\n", OSRIsProjected(best), confidence[0]);
    CPLFree(confidence);
    OSRRelease(best);
    OSRDestroySpatialReference(srs);
    return 0;
}
