// Ways to die that only C++ has: death_test.py runs them as those of death_ways.c.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <gdal.h>
#include <ogr_api.h>
#include <stdexcept>
#include <thread>

static OGRGeometryH geometry;

struct Shape {
    virtual ~Shape() { late(); }
    void late() { draw(); } // not from the destructor itself: there the call would not be virtual
    virtual void draw() = 0;
};
struct Circle : Shape {
    void draw() override {}
};

static void uncaught() { throw std::runtime_error("nobody catches this"); }
static void uncaught_in_thread() { std::thread(uncaught).join(); }
static void uncaught_through_call()
{
    // Through GDAL's own frames, out of a callback of the program's.
    GDALDatasetH raster = GDALCreate(GDALGetDriverByName("MEM"), "grid", 64, 64, 1, GDT_Byte, nullptr);
    CPLErr error = GDALComputeRasterStatistics(GDALGetRasterBand(raster, 1), 0, nullptr, nullptr, nullptr, nullptr, [](double, const char *, void *) -> int { throw 7; }, nullptr);
    std::printf("%d\n", error);
}
static void in_noexcept() noexcept { uncaught(); }
static void pure_virtual() { Circle circle; }
static void terminate_handler()
{
    std::set_terminate([] { std::printf("terminated\n"); std::fflush(stdout); std::_Exit(5); });
    uncaught();
}
static void caught()
{
    try {
        uncaught();
    } catch (const std::exception &error) {
        std::printf("caught %s\n", error.what());
    }
}
static void wild_object()
{
    Shape *volatile shape = reinterpret_cast<Shape *>(0x123456789000);
    shape->draw();
}
static void double_free()
{
    char *block = (char *)std::malloc(2000);
    void *volatile again = block;
    std::free(block);
    std::free(again);
}

int main(int count, char **words)
{
    static const struct {
        const char *name;
        void (*run)();
    } ways[] = {{"uncaught", uncaught}, {"uncaught_in_thread", uncaught_in_thread}, {"uncaught_through_call", uncaught_through_call}, {"in_noexcept", in_noexcept},
                {"pure_virtual", pure_virtual}, {"terminate_handler", terminate_handler}, {"caught", caught}, {"wild_object", wild_object}, {"double_free", double_free}};
    GDALAllRegister();
    geometry = OGR_G_CreateGeometry(wkbPoint);
    std::printf("ready %d\n", OGR_G_IsEmpty(geometry));
    std::fflush(stdout);
    for (const auto &way : ways)
        if (count > 1 && std::strcmp(words[1], way.name) == 0) {
            way.run();
            std::fflush(stdout);
            return 0;
        }
    return 2;
}
