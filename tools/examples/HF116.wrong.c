#include <ogr_srs_api.h>

int main(void)
{
    for (int i = 0; i < 20000; i++)
    {
        OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
        OSRSetWellKnownGeogCS(srs, "WGS84"); /* one more each time, and none is released */
    }
    return 0;
}
