#!/usr/bin/env python3
"""Pipes every golden vector through `chat bert` and compares: bert_vectors_test.py CHAT VECTORS"""

import json
import pathlib
import re
import subprocess
import sys

MALFORMED = {"malformed", "policy"}
ESCAPES = {"9": "\\t", "10": "\\n", "13": "\\r"}


def written_out(term):
    """The terms of codec_large are Erlang expressions."""
    duplicate = re.fullmatch(r"lists:duplicate\((\d+),(\d+)\)", term)
    if duplicate:
        return "[" + ",".join([duplicate[2]] * int(duplicate[1])) + "]"
    copy = re.fullmatch(r"binary:copy\(<<(\d+)>>,(\d+)\)", term)
    if copy and copy[1] in ESCAPES:
        return '<<"' + ESCAPES[copy[1]] * int(copy[2]) + '">>'
    if copy:
        return "<<" + ",".join([copy[1]] * int(copy[2])) + ">>"
    return term


def run(chat, vectors):
    lines = "".join(vector["hex"] + "\n" for vector in vectors)
    done = subprocess.run([chat, "bert"], input=lines.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"chat bert ended with {done.returncode}: {done.stderr.decode()}")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def faults_of_good(vector, report, normal):
    """A vector that decodes: term and canonical form, and the record where it is one."""
    expected = written_out(vector["term"])
    if report["term"] != expected:
        yield f"term {str(report['term'])[:200]} instead of {expected[:200]}"
    if vector.get("canonical") and report["canonical"] != vector["hex"]:
        yield f"canonical {str(report['canonical'])[:200]} instead of the same bytes"
    if report["canonical"] is None:
        yield "canonical is null"
    if normal and (report["error"] is not None or report["record"] is None):
        yield f"record {report['record']}, error {report['error']}"


def faults_of_malformed(report):
    if report["error"] is None:
        yield "no error"
    for key in ("term", "canonical", "record"):
        if report[key] is not None:
            yield f"{key} is not null"


def check_file(chat, path):
    vectors = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    reports = run(chat, vectors)
    if len(reports) != len(vectors):
        raise SystemExit(f"{path.name}: {len(vectors)} lines in, {len(reports)} lines out")
    # What both sides really send: every term is a valid record.
    normal = path.stem.startswith("rpc_")
    for vector, report in zip(vectors, reports):
        if sorted(report) != ["canonical", "error", "record", "term"]:
            yield f"{path.name} {vector['name']}: keys {sorted(report)}"
        bad = path.stem in MALFORMED
        for fault in faults_of_malformed(report) if bad else faults_of_good(vector, report, normal):
            yield f"{path.name} {vector['name']}: {fault}"


def check_canonical_twice(chat, path):
    """What is canonical stays as it is."""
    vectors = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    first = run(chat, vectors)
    again = run(chat, [{"hex": report["canonical"]} for report in first])
    for vector, one, two in zip(vectors, first, again):
        if (one["term"], one["canonical"]) != (two["term"], two["canonical"]):
            yield f"{path.name} {vector['name']}: another term after a round trip"


def main():
    chat, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    paths = sorted(folder.glob("*.jsonl"))
    if len(paths) < 16:
        raise SystemExit(f"{folder}: only {len(paths)} vector files")
    faults = []
    for path in paths:
        faults += check_file(chat, path)
        if path.stem not in MALFORMED:
            faults += check_canonical_twice(chat, path)
    for fault in faults[:50]:
        print(fault)
    print(f"{len(paths)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
