"""Reports as OpenTelemetry log records: what log_format=otlp and `holdfast report --format otlp` write is the published protobuf's JSON mapping, with the attributes of the
semantic conventions, and is read again by `holdfast report`.

usage: otlp_test.py BUILD_DIRECTORY

The protobuf definitions come from the packages opentelemetry-proto and protobuf, which are installed into BUILD_DIRECTORY/otlp when they are not there; without them that
check is skipped. Where an otelcol is in the path, it reads a log with its otlpjsonfile receiver.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

from support import BUILD, COMMAND, PYTHON, check, check_equal, compile_c, finish, gdal_flags, run, run_python, skip, workshop

MISTAKES = """
from osgeo import gdal, ogr
gdal.UseExceptions()
dataset = gdal.GetDriverByName("MEM").Create("a \\"quoted\\" name \\t\u00e9", 2, 2)
band = dataset.GetRasterBand(1)
del dataset
try:
    band.XSize
except RuntimeError:
    pass # the dataset is open for update, so it was really closed
"""
PACKAGES = ["opentelemetry-proto", "protobuf"]


def parser():
    """google.protobuf's parser and the message type; None where the packages are not to be had."""
    place = BUILD / "otlp"
    if not (place / "opentelemetry").exists():
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--target", place, *PACKAGES], capture_output=True)
    sys.path.insert(0, str(place))
    try:
        from google.protobuf import json_format
        from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
    except ImportError:
        return None
    return lambda line: json_format.Parse(line, LogsData())


def attributes(pairs):
    return {pair["key"]: pair["value"].get("stringValue", pair["value"].get("intValue")) for pair in pairs}


def records(text):
    """(resource's attributes, record, its attributes) of each line."""
    found = []
    for line in text.splitlines():
        resource, = json.loads(line)["resourceLogs"]
        scope, = resource["scopeLogs"]
        record, = scope["logRecords"]
        assert scope["scope"]["name"] == "holdfast"
        found.append((attributes(resource["resource"]["attributes"]), record, attributes(record["attributes"])))
    return found


def check_lines(what, text, parse):
    if parse is None:
        return skip(what + ": the protobuf's JSON mapping", "opentelemetry-proto and protobuf are not to be had")
    wrong = []
    for line in text.splitlines():
        try:
            record = parse(line).resource_logs[0].scope_logs[0].log_records[0]
            if not record.body.string_value or record.severity_number == 0:
                wrong.append(line)
        except Exception as error:
            wrong.append("%s: %s" % (error, line))
    check("%s: every line is LogsData in protobuf's JSON mapping, unknown fields being mistakes" % what, text and not wrong, "\n".join(wrong))


CRASH = """
import ctypes
from osgeo import ogr
feature = ogr.Feature(ogr.FeatureDefn("roads \\"x\\""))
def work():
    feature.GetFID()
    ctypes.string_at(0)
work()
"""
# A program of C alone: what crashed has no Python line, its function is named.
CRASH_IN_C = """
#include <ogr_api.h>
#include <stddef.h>
__attribute__((noinline)) int into_the_void(void) { return *(volatile int *)NULL; }
int main(void)
{
    OGRFeatureDefnH definition = OGR_FD_Create("roads");
    OGRFeatureH feature = OGR_F_Create(definition);
    return OGR_F_GetFieldCount(feature) + into_the_void();
}
"""


def check_crash(parse, folder):
    """A crash is a log record like the others: one line, FATAL, with what exceptions have by the semantic conventions."""
    result = run_python(CRASH, options="log_format=otlp", cwd=folder)
    check("the process dies as without Holdfast", result.ending == "death by SIGSEGV", result)
    check_lines("a crash", result.stderr, parse)
    found = {record["eventName"]: (resource, record, fields) for resource, record, fields in records(result.stderr)}
    check_equal("a crash, a summary", ["holdfast.crash", "holdfast.summary"], sorted(found))
    resource, record, fields = found["holdfast.crash"]
    keys = [pair["key"] for pair in record["attributes"]]
    check_equal("no attribute is there twice", sorted(set(keys)), sorted(keys))
    check_equal("a crash: severity", (21, "FATAL"), (record["severityNumber"], record["severityText"]))
    message = record["body"]["stringValue"]
    check("... body and exception.message: signal, address, call and handle", message == fields["exception.message"] and message.startswith("SIGSEGV at address 0x0, near null") and
          message.endswith("OGR_F_GetFID on feature of feature definition 'roads \"x\"'"), record)
    check_equal("... exception.type", "SIGSEGV", fields["exception.type"])
    lines = fields["exception.stacktrace"].splitlines()
    check("... exception.stacktrace: Python lines, then native ones", lines[0] == "crashed:" and re.match('  File ".*ctypes/__init__.py", line [0-9]+, in string_at$', lines[1]) and
          lines[2].endswith('line 7, in work') and lines[3].endswith("line 8, in <module>") and re.match("  at .*[+]0x[0-9a-f]+", lines[4]), fields["exception.stacktrace"])
    check("... code.*: the innermost line", fields["code.file.path"].endswith("ctypes/__init__.py") and fields["code.line.number"].isdigit() and fields["code.function.name"] == "string_at", fields)
    check("... the handle, the thread", (fields["holdfast.function"], fields["holdfast.handle.kind"], fields["thread.name"]) == ("OGR_F_GetFID", "feature", "python3") and
          fields["thread.id"] == resource["process.pid"] and fields["holdfast.handle.address"].startswith("0x"), fields)
    check_equal("the summary has the signal", "11", found["holdfast.summary"][2].get("holdfast.crash"))
    log = folder / "crash.otlp"
    log.write_text(result.stderr)
    shown = run([COMMAND, "report", log], preload=False)
    check("holdfast report tells of it", shown.status == 0 and "SIGSEGV at address 0x0, near null" in shown.stdout, shown)
    program = compile_c(CRASH_IN_C, folder / "crash_in_c", "-rdynamic", *gdal_flags())
    result = run([program], options="log_format=otlp:summary=0")
    check_lines("a crash in C", result.stderr, parse)
    fields = records(result.stderr)[0][2]
    check("a crash in C: code.function.name, and no file", fields.get("code.function.name") == "into_the_void" and "code.file.path" not in fields and "at into_the_void+0x" in fields["exception.stacktrace"], fields)


with workshop() as folder:
    parse = parser()
    check_crash(parse, folder)
    result = run_python(MISTAKES, options="log_format=otlp:stats=1", cwd=folder, env={"OTEL_SERVICE_NAME": "tiles"})
    check_lines("log_format=otlp", result.stderr, parse)
    by_event = {record["eventName"]: (resource, record, fields) for resource, record, fields in records(result.stderr)}
    check_equal("a violation, a summary, the counts", ["holdfast.stats", "holdfast.summary", "holdfast.violation"], sorted(by_event))
    resource, record, fields = by_event["holdfast.violation"]
    check("the resource: service, process, host", resource["service.name"] == "tiles" and resource["host.name"] == socket.gethostname() and resource["process.pid"].isdigit() and
          resource["process.executable.name"] == "python3", resource)
    check("severity, time, body", record["severityNumber"] == 17 and record["severityText"] == "ERROR" and abs(int(record["timeUnixNano"]) / 1e9 - time.time()) < 3600 and
          "was used after" in record["body"]["stringValue"], record)
    check("exception.type, .message, .stacktrace", fields["exception.type"] == "holdfast.HF101" and fields["exception.message"] == record["body"]["stringValue"] and
          "obtained by GDALGetRasterBand" in fields["exception.stacktrace"] and 'line 8, in <module>' in fields["exception.stacktrace"], fields)
    check("code.file.path, code.line.number, code.function.name: the line to change", fields["code.file.path"].endswith(".py") and (fields["code.line.number"], fields["code.function.name"]) == ("6", "<module>"), fields)
    check("the rule and what was done", (fields["holdfast.rule"], fields["holdfast.rule.name"], fields["holdfast.mode"]) == ("HF101", "stale-use", "defer") and fields["holdfast.action"], fields)
    check_equal("the summary's counts", "1", by_event["holdfast.summary"][2]["holdfast.violations"])
    own = records(run_python(MISTAKES, options="log_format=otlp:summary=0", cwd=folder).stderr)
    check_equal("without OTEL_SERVICE_NAME the service is the program", ["python3"], [resource["service.name"] for resource, record, fields in own])
    levels = {"fatal": (21, "FATAL"), "warn": (13, "WARN")}
    for level, expected in levels.items():
        record = records(run_python(MISTAKES, options="log_format=otlp:summary=0:rules=all=%s" % level, cwd=folder).stderr)[0][1]
        check_equal("severity of level %s" % level, expected, (record["severityNumber"], record["severityText"]))

    log = folder / "log.otlp"
    log.write_text(result.stderr)
    shown = run([COMMAND, "report", "--format", "json", log], preload=False)
    violations = json.loads(shown.stdout)["violations"] if shown.status == 0 else []
    check("holdfast report reads such a log: rule, message, place, process", len(violations) == 1 and violations[0]["rule"] == "HF101" and violations[0]["message"] == fields["exception.message"] and
          violations[0]["place"] == "%s:8" % fields["code.file.path"] and violations[0]["change"]["line"] == 6 and str(violations[0]["pid"]) == resource["process.pid"], shown)
    sources = {"a JSON log": "log_format=json", "a text log": "log_format=text", "an OTLP log": "log_format=otlp", "a record": "record=%s/record" % folder}
    for name, options in sources.items():
        result = run_python(MISTAKES, options=options, cwd=folder)
        source = next(folder.glob("record.*")) if "record" in name else folder / "source"
        if "record" not in name:
            source.write_text(result.stderr)
        shown = run([COMMAND, "report", "--format", "otlp", source], preload=False)
        check_lines("holdfast report --format otlp of %s" % name, shown.stdout, parse)
        found = [fields for resource, record, fields in records(shown.stdout)]
        check("of %s: the rule, the stack and the place" % name, len(found) == 1 and found[0]["holdfast.rule"] == "HF101" and "GDALGetRasterBand" in found[0]["exception.stacktrace"] and
              found[0]["code.file.path"].endswith(".py") and found[0]["code.line.number"].isdigit(), found)

    collector = shutil.which("otelcol-contrib") or shutil.which("otelcol")
    if collector is None:
        skip("a stock collector's file receiver", "no otelcol in the path, and no package registry has one")
    else:
        out = folder / "collected.json"
        config = folder / "otel.yaml"
        config.write_text("receivers:\n  otlpjsonfile:\n    include: [%s]\n    start_at: beginning\nexporters:\n  file:\n    path: %s\nservice:\n  pipelines:\n    logs:\n"
                          "      receivers: [otlpjsonfile]\n      exporters: [file]\n" % (log, out))
        process = subprocess.Popen([collector, "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (out.exists() and "HF101" in out.read_text()):
            time.sleep(0.1)
        process.terminate()
        process.wait()
        check("a stock collector's file receiver takes the log", out.exists() and "HF101" in out.read_text())
sys.exit(finish())
