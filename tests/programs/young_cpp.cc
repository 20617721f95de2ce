// What young_test.py runs: handles that C functions make and C++ destroys, whose addresses are born again. Right in all it does.
#include <ogr_api.h>
#include <ogr_feature.h>
#include <ogr_geometry.h>
#include <cstdio>
#include <cstdlib>
#include <set>

int main()
{
    std::set<void *> seen;
    int again = 0;
    OGRFeatureDefn *definition = new OGRFeatureDefn("points");
    definition->Reference();
    for (int i = 0; i < 3000; i++)
    {
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_SetPoint_2D(point, 0, i, 2);
        again += !seen.insert(point).second;
        OGRFeatureH feature = OGR_F_Create(reinterpret_cast<OGRFeatureDefnH>(definition));
        OGR_F_SetGeometry(feature, point);
        OGRGeometryH lent = OGR_F_GetGeometryRef(feature);
        if (OGR_G_GetX(lent, 0) != i || OGR_G_GetX(point, 0) != i)
            return 3;
        // by C++ and by C in turn, so that what died unseen lies beside what died seen
        if (i % 3 == 0)
            OGRFeature::DestroyFeature(OGRFeature::FromHandle(feature));
        else
            OGR_F_Destroy(feature);
        if (i % 5 == 0)
            OGR_G_DestroyGeometry(point);
        else if (i % 2 == 0)
            OGRGeometryFactory::destroyGeometry(OGRGeometry::FromHandle(point));
        else
            delete OGRGeometry::FromHandle(point);
    }
    definition->Release();
    std::printf("%s\n", again > 100 ? "again" : "no address came again");
    return 0;
}
