"""All records of a collection.  fiona_read.py FILE"""
import sys

import fiona

with fiona.open(sys.argv[1]) as collection:
    print(sum(record["properties"]["number"] + len(record["geometry"]["coordinates"][0]) for record in collection))
