"""PyQGIS as its users write it: layers owned by Python or by the project, iterators that are closed and iterators that are not, geometries that outlive
their features, coordinate transforms with gc.collect() between them, raster blocks, editing, drawing on threads, the processing framework."""
import gc
import sys
from qgis.core import *
from qgis.analysis import QgsNativeAlgorithms
from PyQt5.QtCore import QVariant
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False)
app.initQgis()
project = QgsProject.instance()

def vector_work():
    layer = QgsVectorLayer("areas.gpkg|layername=areas", "areas", "ogr")
    print(layer.isValid(), layer.featureCount(), layer.crs().authid())
    project.addMapLayer(layer)
    request = QgsFeatureRequest().setFilterExpression("number > 4")
    features = layer.getFeatures(request)
    total = 0
    try:
        for feature in features:
            geometry = feature.geometry()
            total += geometry.area() + geometry.buffer(5, 8).area() + geometry.centroid().asPoint().x()
            if feature["number"] == 6:
                kept = geometry.convexHull()
            del geometry
    finally:
        features.close()
    print(round(total, 3), kept.asWkt(2)[:60])
    unfinished = layer.getFeatures()
    first = next(unfinished)
    project.removeMapLayer(layer.id())
    print(first.geometry().area())
    print(QgsGeometry.unaryUnion([first.geometry(), kept]).isMultipart())

def transform_work(count):
    context = QgsCoordinateTransformContext()
    for index in range(count):
        transform = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:32633"), QgsCoordinateReferenceSystem("EPSG:%d" % (4326, 3857, 3035)[index % 3]), context)
        point = transform.transform(QgsPointXY(500000 + index, 5300000))
        if index % 10 == 0:
            print(round(point.x(), 6), round(point.y(), 6))
            context.clear()
            gc.collect()

def raster_work():
    layer = QgsRasterLayer("rgb.tif", "rgb")
    provider = layer.dataProvider()
    print(layer.isValid(), layer.bandCount(), layer.width(), provider.extent().toString(2))
    for band in range(1, 4):
        block = provider.block(band, layer.extent(), 40, 30)
        print(block.value(3, 4), provider.bandStatistics(band).mean, provider.sample(QgsPointXY(500105, 5299895), band))
        del block
    clone = provider.clone()
    del layer, provider
    gc.collect()
    print(clone.isValid(), clone.block(1, clone.extent(), 10, 10).value(1, 1))

def edit_work():
    memory = QgsVectorLayer("Point?crs=EPSG:4326&field=n:integer", "points", "memory")
    features = []
    for n in range(50):
        feature = QgsFeature(memory.fields())
        feature.setAttributes([n])
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(n / 10, n / 20)))
        features.append(feature)
    memory.dataProvider().addFeatures(features)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    print(QgsVectorFileWriter.writeAsVectorFormatV3(memory, "points.gpkg", project.transformContext(), options)[0])
    layer = QgsVectorLayer("points.gpkg", "points", "ogr")
    layer.startEditing()
    layer.addAttribute(QgsField("twice", QVariant.Int))
    for feature in layer.getFeatures():
        layer.changeAttributeValue(feature.id(), 2, feature["n"] * 2)
        if feature["n"] % 7 == 0:
            layer.deleteFeature(feature.id())
        else:
            layer.changeGeometry(feature.id(), QgsGeometry(feature.geometry()).buffer(0.01, 3).centroid())
    print(layer.commitChanges(), layer.featureCount(), sum(f["twice"] for f in layer.getFeatures()))
    index = QgsSpatialIndex(layer.getFeatures())
    print(index.nearestNeighbor(QgsPointXY(1, 1), 3), index.intersects(QgsRectangle(0, 0, 1, 1)))

def draw():
    from PyQt5.QtCore import QSize
    settings = QgsMapSettings()
    layers = [QgsVectorLayer("areas.gpkg", "areas", "ogr"), QgsVectorLayer("areas.geojson", "g", "ogr"), QgsRasterLayer("dem.tif", "dem")]
    for layer in layers[:2]:
        layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple({"color": "red"})))
    settings.setLayers(layers)
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setExtent(QgsCoordinateTransform(layers[2].crs(), settings.destinationCrs(), project).transformBoundingBox(layers[2].extent()))
    settings.setOutputSize(QSize(300, 200))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    print(image.width(), sum(image.pixel(x, y) & 255 for x in range(0, 300, 7) for y in range(0, 200, 7)))

for turn in range(3):
    vector_work()
    raster_work()
    gc.collect()
transform_work(100)
edit_work()
for n in range(3):
    draw()
sys.path.append("/usr/share/qgis/python/plugins")
import processing
from processing.core.Processing import Processing
Processing.initialize()
app.processingRegistry().addProvider(QgsNativeAlgorithms())
result = processing.run("native:buffer", {"INPUT": "areas.gpkg", "DISTANCE": 10, "OUTPUT": "memory:"})["OUTPUT"]
print(result.featureCount(), round(sum(f.geometry().area() for f in result.getFeatures()), 3))
result = processing.run("native:clip", {"INPUT": "areas.shp", "OVERLAY": result, "OUTPUT": "clip.gpkg"})["OUTPUT"]
print(result)
del result
project.clear()
app.exitQgis()
print("end")
