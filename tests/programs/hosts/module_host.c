/* module_host MODULE RASTER right|wrong: loads a module that calls GDAL, has it work and unloads it, three times over; "wrong" is the second time. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments)
{
    for (int i = 0; i < 3; i++) {
        void *module = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        if (module == NULL || count < 4) {
            fprintf(stderr, "%s\n", dlerror());
            return 2;
        }
        int (*work)(const char *, int) = (int (*)(const char *, int))dlsym(module, "module_width");
        printf("width %d\n", work(arguments[2], i == 1 && strcmp(arguments[3], "wrong") == 0));
        if (dlclose(module) != 0)
            return 3;
    }
    return 0;
}
