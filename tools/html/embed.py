"""Makes one page of page.html, style.css and script.js, and a C table of it, cut in two where the data go.

usage: embed.py OUTPUT page.html style.css script.js

The page's Content-Security-Policy names the digests of its style and its script: nothing else runs, and nothing is loaded.
"""
import base64
import hashlib
import pathlib
import sys


def digest(text):
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def array(name, data):
    rows = (", ".join(str(byte) for byte in data[start:start + 32]) for start in range(0, len(data), 32))
    return "const unsigned char %s[] = {\n    %s};\nconst size_t %s_bytes = sizeof %s;\n" % (name, ",\n    ".join(rows), name, name)


def main():
    output, page, style, script = sys.argv[1], *[pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[2:5]]
    for text, end in ((style, "</style"), (script, "</script")):
        if end in text.lower():
            sys.exit("%s would end its element" % end)
    policy = "default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'" % (digest(style), digest(script))
    for mark, text in (("@POLICY@", policy), ("@STYLE@", style), ("@SCRIPT@", script)):
        if page.count(mark) != 1:
            sys.exit("page.html must have %s once" % mark)
        page = page.replace(mark, text)
    head, mark, tail = page.partition("@DATA@")
    if not mark:
        sys.exit("page.html lacks @DATA@")
    pathlib.Path(output).write_text('/* Generated from tools/html by embed.py. */\n#include "page.h"\n\n' + array("page_head", head.encode()) + array("page_tail", tail.encode()), encoding="utf-8")


main()
