from osgeo import osr

seen = set()
for number in range(20000):
    srs = osr.SpatialReference()
    srs.SetWellKnownGeogCS("WGS84")
    seen.add(srs.GetName())  # keeps what is needed of it
