"""Reports as OpenTelemetry log records: what log_format=otlp and `holdfast report --format otlp` write is the published protobuf's JSON mapping, with the attributes of the
semantic conventions, and is read again by `holdfast report`.

usage: otlp_test.py BUILD_DIRECTORY

The protobuf definitions come from the packages opentelemetry-proto and protobuf, which are installed into BUILD_DIRECTORY/otlp when they are not there; without them that
check is skipped. Where an otelcol is in the path, it reads a log with its otlpjsonfile receiver.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import time

from support import BUILD, COMMAND, PYTHON, check, check_equal, finish, run, run_python, skip, workshop

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


with workshop() as folder:
    parse = parser()
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
