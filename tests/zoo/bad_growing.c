/* A worker opens a dataset for each request and keeps them all. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH last = NULL;
    for (int request = 0; request < 60000; request++)
        last = OSRNewSpatialReference(NULL); /* obtained */
    printf("%d\n", last != NULL);
    return 0;
}
