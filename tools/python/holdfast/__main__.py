"""`python -m holdfast ...` is the command `holdfast ...`, and with a program's name first `holdfast run -- ...`.

The command is the one on the PATH; without one, a program is run under the libholdfast.so that can be found.
"""
import os
import sys

from . import _library

COMMANDS = ("run", "report", "ctl", "explain", "contracts", "doctor", "graph", "top", "diff", "help")


def main(words):
    if not words or words[0] in ("-h", "--help"):
        words = ["help"]
    command = _library.find_command()
    if words[0] not in COMMANDS and not words[0].startswith("-"):
        words = ["run", "--"] + words
    if command is not None:
        os.execv(command, [command] + words)
    if words[:2] != ["run", "--"]:
        sys.exit("holdfast: the command holdfast is not on the PATH: only `python -m holdfast PROGRAM ...` works without it")
    try:
        library = _library.find_library()
    except FileNotFoundError as error:
        sys.exit("holdfast: %s" % error)
    os.environ["LD_PRELOAD"] = ":".join(filter(None, (os.environ.get("LD_PRELOAD"), library)))
    try:
        os.execvp(words[2], words[2:])
    except OSError as error:
        sys.stderr.write("holdfast: %s: %s\n" % (words[2], error.strerror))
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


if __name__ == "__main__":
    main(sys.argv[1:])
