/* How the C programs of the zoo begin: in the folder of test data, with GDAL's drivers. */
#ifndef ZOO_H
#define ZOO_H

#include <cpl_conv.h>
#include <cpl_string.h>
#include <gdal.h>
#include <gdal_alg.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void enter(char **arguments)
{
    if (arguments[1] == NULL || chdir(arguments[1]) != 0)
        exit(2);
    GDALAllRegister();
}

#endif
