#!/usr/bin/env python3
"""Counts what a run of `swift test` did, from its xunit report and its output.

usage: swift_summary.py STATUS LOG [XUNIT]

STATUS is the exit status of `swift test`, LOG what it printed, XUNIT the report of --xunit-output. Prints "N passed, N failed" (a
number of skipped tests stands in brackets on the line before). A run that ended badly without naming a failure, a crash say, counts as one
failure, and so does a report that disagrees with the output.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

RUN = re.compile(r"Test run with (\d+) tests? (?:in \d+ suites? )?(passed|failed) after")
FAILED = re.compile(r"^\S+ Test (?!run with|case )(.+?)(?: with \d+ test cases?)? failed after [\d.]+ seconds")
SKIPPED = re.compile(r"^\S+ Test (?!run with|case )(.+?) (?:skipped|was cancelled after)\b")


def counted_in_output(text):
    """(tests, failed, skipped) by the words of the run, or None when no run came to its end."""
    runs = RUN.findall(text)
    if not runs:
        return None
    lines = text.splitlines()
    failed = {match.group(1) for match in map(FAILED.match, lines) if match}
    skipped = {match.group(1) for match in map(SKIPPED.match, lines) if match}
    count = len(failed)
    if any(verdict == "failed" for _, verdict in runs):
        count = max(count, 1)
    return sum(int(number) for number, _ in runs), count, len(skipped)


def counted_in_report(path):
    """(tests, failed, skipped) by the report, or None where there is none."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    cases = list(root.iter("testcase"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases), failed, skipped


def main():
    status = int(sys.argv[1])
    text = pathlib.Path(sys.argv[2]).read_text(encoding="utf-8", errors="replace")
    output = counted_in_output(text)
    report = counted_in_report(sys.argv[3]) if len(sys.argv) > 3 else None
    if output is None:
        # The run never came to its end: whatever the report of an earlier run says, this one proves nothing.
        print("the test run did not end: see what it printed")
        print("0 passed, 1 failed")
        return
    tests, failed, skipped = output
    if report is not None:
        tests, skipped = max(tests, report[0]), max(skipped, report[2])
        failed = max(failed, report[1])
    if status != 0 and failed == 0:
        failed = 1
    passed = max(tests - failed - skipped, 0)
    if skipped:
        print(f"({skipped} skipped)")
    print(f"{passed} passed, {failed} failed")


main()
