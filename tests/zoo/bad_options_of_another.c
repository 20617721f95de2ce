/* Options of GDALTranslate are freed as those of GDALInfo. */
#include "zoo.h"
#include <gdal_utils.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALTranslateOptions *options = GDALTranslateOptionsNew(NULL, NULL); /* obtained */
    GDALInfoOptionsFree((GDALInfoOptions *)options);                     /* used */
    printf("end\n");
    return 0;
}
