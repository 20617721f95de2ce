from osgeo import osr

seen = []
for number in range(20000):
    srs = osr.SpatialReference()
    srs.SetWellKnownGeogCS("WGS84")
    seen.append(srs)  # keeps every one of them
