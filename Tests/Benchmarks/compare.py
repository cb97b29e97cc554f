#!/usr/bin/env python3
"""Measures Callboard beside others in one run on one machine and prints both sides with their ratio: absolute times mean little elsewhere.

usage: compare.py [codec] [flood] [peek] [console]        all four without arguments; see script/bench

codec    a message of 1567 bytes: ours beside qpid-proton C (processor time of one thread)
flood    receive and settle over loopback from qpid-proton's sender: ours beside qpid-proton's receiver
peek     50,000 dead letters of the demo, headers only: `callboard peek --all` beside azure-servicebus
console  first paint, memory, bytes a line step, and what an idle console costs

A target is a ratio or a figure the project has set itself; a line that misses it says so. The last line counts.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Interop"))

YARDSTICKS = pathlib.Path(os.environ.get("CALLBOARD_YARDSTICKS", ROOT.parent / "shared" / "yardsticks"))
SCRATCH = ROOT / ".build" / "bench"
RELEASE = ROOT / ".build" / "release"

met = missed = 0


def heading(text, *columns):
    print(f"\n{text}")
    print(f"  {'':44} {columns[0]:>14} {columns[1]:>14} {'ratio':>9}  target")


def row(name, ours, theirs, unit, target, at_most=True):
    """A line: both sides, ours divided by theirs, and whether the target is met."""
    ratio = ours / theirs if theirs else float("nan")
    verdict(f"  {name:44} {ours:>10,.0f} {unit:3} {theirs:>10,.0f} {unit:3} {ratio:>8.2f}x", ratio, target, at_most, "x")


def figure(name, value, unit, target=None, at_most=True):
    """A line of ours alone."""
    verdict(f"  {name:44} {value:>10,.1f} {unit:14}", value, target, at_most, f" {unit}")


def verdict(line, value, target, at_most, unit):
    global met, missed
    if target is None:
        print(line)
        return
    held = value <= target if at_most else value >= target
    met, missed = met + held, missed + (not held)
    print(f"{line}  {'at most' if at_most else 'at least'} {target:,}{unit}{'' if held else '   MISSED'}")


def run(command, seconds=600, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def yardstick(name, folder):
    """Builds one of the yardsticks in C."""
    program = pathlib.Path(folder) / name
    run(["gcc", "-O2", "-w", "-o", program, YARDSTICKS / f"{name}.c", "-lqpid-proton"])
    return program


# --- codec -------------------------------------------------------------------------------------------------------------------

CODEC = (
    # ours, what the yardstick calls it, target
    ("accept: validate, sections ready to read", "decode", 0.1),
    ("decode and read every field", "decode+read all", 0.7),
    ("encode (prebuilt)", "encode (prebuilt)", 0.8),
    ("build and encode", "build+encode", 0.5),
)


def codec():
    with tempfile.TemporaryDirectory() as folder:
        program = yardstick("codec", folder)
        results = pathlib.Path(folder) / "results"
        results.mkdir()
        theirs = {}
        # Before and after ours, so that a machine that got faster or slower meanwhile shows.
        runs = [run([program, "100000", "7"])]
        run(
            ["swift", "package", "--package-path", ROOT / "Tests" / "Benchmarks", "--scratch-path", SCRATCH / "build", "--disable-sandbox"]
            + ["--allow-writing-to-package-directory", "benchmark", "--target", "Codec", "--format", "jmh", "--path", results, "--no-progress"],
            seconds=1800,
            env={**os.environ, "CALLBOARD_YARDSTICKS": str(YARDSTICKS)},
        )
        runs.append(run([program, "100000", "7"]))
        for name, median in re.findall(r"^(\S.*?)\s+median (\d+) ns", "\n".join(runs), re.MULTILINE):
            theirs.setdefault(name, []).append(float(median))
        ours = {}
        for file in results.rglob("*"):
            if file.is_file() and file.suffix in (".json", ".jmh"):
                for element in json.loads(file.read_text()):
                    name = element["benchmark"].split(".", 3)[-1].replace("_", " ")
                    for metric, values in element["secondaryMetrics"].items():
                        if metric.startswith("thread CPU"):
                            ours[name] = values["scorePercentiles"]["50.0"]
    heading("A message of 1567 bytes", "callboard", "proton C")
    for name, theirs_name, target in CODEC:
        row(name, ours[name], statistics.mean(theirs[theirs_name]), "ns", target)


# --- flood -------------------------------------------------------------------------------------------------------------------


def flood():
    count, rounds = 200_000, 3
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        program = yardstick("flood", folder)
        message = YARDSTICKS / "typical.amqp"
        for round_number in range(rounds):
            # Ours and theirs in turn.
            receiver = subprocess.Popen([RELEASE / "amqp-exchange", "listen", "0", str(count)], stdout=subprocess.PIPE, text=True)
            try:
                port = json.loads(receiver.stdout.readline())["port"]
                run([program, "send", str(port), str(count), message], seconds=120)
                result = json.loads(receiver.stdout.readline())
                receiver.wait(timeout=30)
            finally:
                receiver.kill()
            ours.append(result["received"] / result["seconds"])

            port = 15680 + round_number
            receiver = subprocess.Popen([program, "recv", str(port), str(count)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                receiver.stderr.readline()  # "listening"
                run([program, "send", str(port), str(count), message], seconds=120)
                theirs.append(float(re.search(r"(\d+) msg/s", receiver.stdout.readline()).group(1)))
                receiver.wait(timeout=30)
            finally:
                receiver.kill()
    heading(f"Receive and settle {count:,} messages from proton's sender over loopback", "callboard", "proton C")
    row("messages a second (median of three)", statistics.median(ours), statistics.median(theirs), "/s", None)
    figure("messages a second", statistics.median(ours), "/s", 100_000, at_most=False)


# --- peek --------------------------------------------------------------------------------------------------------------------


def peek():
    os.environ["CALLBOARD"] = str(RELEASE / "callboard")
    import callboard
    from azure.servicebus import ServiceBusClient, ServiceBusSubQueue

    with callboard.Sandbox("--seed", "demo", ready_within=60) as sandbox:

        def ours():
            start = time.perf_counter()
            seen = callboard.peek(
                "orders", "--dead-letter", "--all", "--headers-only", connection_string=sandbox.connection_string, output="jsonl"
            )
            return len(seen), time.perf_counter() - start

        def theirs():
            start, count, cursor = time.perf_counter(), 0, 1
            with ServiceBusClient.from_connection_string(sandbox.connection_string) as client:
                with client.get_queue_receiver("orders", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
                    while True:
                        page = receiver.peek_messages(max_message_count=1000, sequence_number=cursor)
                        if not page:
                            return count, time.perf_counter() - start
                        count += len(page)
                        cursor = page[-1].sequence_number + 1

        # The time of the command alone: reading its JSON lines is the test's affair.
        def command():
            start = time.perf_counter()
            done = callboard.run(
                "peek", "orders", "--dead-letter", "--all", "--headers-only", "--output", "jsonl", connection_string=sandbox.connection_string
            )
            assert done.returncode == 0, done.stderr
            return time.perf_counter() - start

        count, _ = ours()
        fast = statistics.median(command() for _ in range(3))
        their_count, slow = theirs()
    assert count == their_count, f"{count} dead letters by us, {their_count} by azure-servicebus"
    heading(f"Peek {count:,} dead letters", "callboard", "azure (Python)")
    row("milliseconds, headers only", fast * 1000, slow * 1000, "ms", 1 / 20)


# --- console -----------------------------------------------------------------------------------------------------------------


def console():
    bench = YARDSTICKS / "terminal_bench.py"
    program = RELEASE / "callboard"
    painted = json.loads(run([sys.executable, bench, "--marker", "services", "--settle", "3", f"{program} demo"], seconds=300))
    heading("The console on a terminal of 120x40", "callboard", "")
    figure("first paint", painted["first_paint_ms"], "ms", 50)
    figure("memory", painted["rss_mb"], "MB")
    figure("bytes a line step", painted.get("line_bytes", float("nan")), "bytes", 300)
    figure("idle for 10 s: bytes", painted["idle_bytes_10s"], "bytes", 0)
    figure("idle for 10 s: context switches", painted["idle_ctxsw_10s"], "", None)


PARTS = {"codec": codec, "flood": flood, "peek": peek, "console": console}


def main():
    global missed
    wanted = sys.argv[1:] or list(PARTS)
    for name in wanted:
        if name not in PARTS:
            sys.exit(f"compare.py does not know '{name}' ({', '.join(PARTS)})")
    for name in wanted:
        try:
            PARTS[name]()
        except Exception as error:  # one part that cannot run must not hide the others
            missed += 1
            print(f"\n{name}: {type(error).__name__}: {error}")
        sys.stdout.flush()
    print(f"{met} passed, {missed} failed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
