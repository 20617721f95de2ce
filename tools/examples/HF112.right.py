import threading

from osgeo import gdal


def read_much(dataset):
    for number in range(20000):
        dataset.GetRasterBand(1).Checksum()


driver = gdal.GetDriverByName("MEM")
dataset = driver.Create("", 10, 10, 1)
thread = threading.Thread(target=read_much, args=(driver.Create("", 10, 10, 1),))  # a dataset for each thread
thread.start()
read_much(dataset)
thread.join()
