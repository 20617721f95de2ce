"""What hosts_test.py, places_test.py and neighbours_test.py have programs do: hosts/work.py, in one process or in a host's workers."""
from support import FOLDER, PYTHON, check, check_run, run

HOSTS = FOLDER / "hosts"
TWICE = [PYTHON, "-B", HOSTS / "twice.py"]
MISTAKE = 1 + (HOSTS / "work.py").read_text().splitlines().index("    return band.Checksum()  # band after its dataset")


def work_variables(folder):
    """The environment of all that imports work.py; `folder` has the inputs."""
    return {"HOSTS_RASTER": str(folder / "rgb.tif"), "HOSTS_FOLDER": str(folder), "PYTHONPATH": str(HOSTS), "HOME": str(folder)}


def check_work(name, alone, program, **more):
    """alone: how `program right` ended without Holdfast. With it the same answers and no word; of a mistake one report, with its line."""
    check_run("%s: a right program" % name, run([*program, "right", "right"], **more), out=alone.stdout * 2, err=alone.stderr)
    wrong = run([*program, "right", "wrong"], **more)
    check_run("%s: a wrong program" % name, wrong, out=alone.stdout + alone.stdout.replace("right", "wrong"), reports=["HF101"])
    check("%s: the report has its line" % name, "work.py:%d in wrong" % MISTAKE in wrong.stderr, wrong)
