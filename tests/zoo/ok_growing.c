/* Many objects: made and freed, kept in a bounded cache, and a great many geometries kept on purpose. */
#include "zoo.h"

#define CACHE 8000
#define KEPT 60000

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    static OGRSpatialReferenceH cache[CACHE];
    static OGRGeometryH kept[KEPT];
    for (int request = 0; request < 60000; request++)
    {
        if (cache[request % CACHE] != NULL)
            OSRRelease(cache[request % CACHE]);
        cache[request % CACHE] = OSRNewSpatialReference(NULL);
    }
    for (int number = 0; number < KEPT; number++)
        kept[number] = OGR_G_CreateGeometry(wkbPoint);
    for (int number = 0; number < KEPT; number++)
        OGR_G_DestroyGeometry(kept[number]);
    for (int number = 0; number < CACHE; number++)
        OSRRelease(cache[number]);
    printf("done\n");
    return 0;
}
