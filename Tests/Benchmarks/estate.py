"""Measures `callboard sandbox --seed large`: how soon the board stands with what was kept of the catalogue, what a whole refresh asks of
others, and how long it takes to compare who may do what with who should.

Requests are counted in one run through a recorder; what is timed goes to the sandbox itself.
"""

import json
import re
import subprocess
import time

import cloud


def finished(home, *arguments):
    """What a command says on its standard output and error, its seconds, and the most memory it held in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [cloud.callboard.EXECUTABLE, *arguments], env=home.environment | {"CALLBOARD_LOG": "debug"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = process.communicate(timeout=600)
    seconds = time.perf_counter() - start
    assert process.returncode == 0, f"callboard {' '.join(arguments)} ended with {process.returncode}:\n{errors[-2000:]}"
    return output, errors, seconds


def peak_megabytes(home, *arguments):
    """The most memory a command holds. What the system tells of a child that has ended counts the process it was started from as well."""
    process = subprocess.Popen(
        [cloud.callboard.EXECUTABLE, *arguments], env=home.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                peak = max(peak, *(int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
        except (OSError, ValueError):
            pass
        time.sleep(0.005)
    assert process.returncode == 0, f"callboard {' '.join(arguments)} ended with {process.returncode}"
    return peak / 1024


def asked(tenant, pattern, before=0):
    return len(tenant.recorder.requests(pattern)) - before


def refused(tenant):
    answer = cloud.requests.get(f"{tenant.origin}/$sandbox/cloud/reads", verify=tenant.ready["caFile"], timeout=5)
    return answer.json()["refused"]


ARM, GRAPH, BACKSTAGE = r" /(subscriptions|providers)", r" /v1\.0/", r" /api/catalog/"


def measure(terminal_bench, program):
    tenant = cloud.Cloud(seed="large")
    found = {}
    try:
        # Azure pages long lists, and takes so many reads of one who acts in a subscription.
        tenant.switch(pageSize=1000, reads=250, readsPerSecond=25)
        recorded = tenant.home()
        recorded.sign_in(cloud.ADMIN)
        finished(recorded, "services")
        found["backstage_cold"] = asked(tenant, BACKSTAGE)
        before = {pattern: asked(tenant, pattern) for pattern in (ARM, GRAPH, BACKSTAGE)}
        _, _, found["drift_paced"] = finished(recorded, "drift", "--output", "json")
        found["arm"], found["graph"] = (asked(tenant, pattern, before[pattern]) for pattern in (ARM, GRAPH))
        (kept,) = [file for file in recorded.files() if file.suffix == ".catalogue"]
        found["refused"] = refused(tenant)
        tenant.switch(pageSize=1000)
        cloud.make_older(kept, 3600)
        before = asked(tenant, BACKSTAGE)
        finished(recorded, "services", "--output", "json")
        found["backstage_again"] = asked(tenant, BACKSTAGE, before)

        home = tenant.home(is_recorded=False)
        home.sign_in(cloud.ADMIN)
        _, _, found["services_cold"] = finished(home, "services", "--output", "json")
        _, _, found["services_kept"] = finished(home, "services", "--output", "json")
        output, errors, found["drift"] = finished(home, "drift", "--output", "json")
        found["findings"] = len(json.loads(output))
        (compared,) = re.findall(r"seconds=([\d.e-]+).*compared access", errors)
        found["compared"] = float(compared)
        found["drift_mb"] = peak_megabytes(home, "drift", "--output", "json")
        # Somebody who may read the counts of all entities.
        home = tenant.home(is_recorded=False)
        home.sign_in("person-0@contoso.example")
        finished(home, "services")
        variables = {key: value for key, value in home.environment.items() if key not in ("TERM", "LC_ALL")}
        board = terminal_bench.run("estate", program, r"service-\d{4}", env=variables, settle=30, todo=("idle",))
        assert "2,000 services" in board["screen"], board["screen"]
        found["board_ms"], found["console_mb"] = board["first_paint_ms"], board["rss_end_mb"]
    finally:
        tenant.stop()
    return found
