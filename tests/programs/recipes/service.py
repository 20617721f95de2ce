"""A tile server as a WSGI application: /NUMBER is the checksum of a tile, /NUMBER?wrong the same with a mistake. Alone, it serves itself on $PORT."""
import os

import tiles

FOLDER = os.environ.get("TILES", "/tmp")


def application(environment, start_response):
    number, process, checksum = tiles.checksum(int(environment["PATH_INFO"].strip("/")), environment.get("QUERY_STRING") == "wrong", FOLDER)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %d %d\n" % (number, process, checksum)]


if __name__ == "__main__":
    from wsgiref.simple_server import make_server
    make_server("127.0.0.1", int(os.environ.get("PORT", "8000")), application).serve_forever()
