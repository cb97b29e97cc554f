# shellcheck shell=bash
# What the scripts of this folder share: where the project is, how they speak, and how the parts of a run are counted.
# Source it; it changes nothing but variables and functions. Bash 3.2 (macOS) is enough.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD="$ROOT/.build"
LOGS="$BUILD/logs"
# Not exported: RabbitMQ reads a LOGS of its own.
export ROOT BUILD

# A crash in a test must not wait half a minute for somebody to press a key, nor send a debugger after every expected trap.
export SWIFT_BACKTRACE=${SWIFT_BACKTRACE:-enable=no}

say() { printf '==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# bounded SECONDS COMMAND...: the command, ended when its time is up (then the status is 124). Where no timeout(1) is installed
# the command runs unbounded: every part also watches its own clock.
bounded() {
    local seconds=$1
    shift
    if have timeout; then
        timeout -k 15 "$seconds" "$@"
    elif have gtimeout; then
        gtimeout -k 15 "$seconds" "$@"
    else
        "$@"
    fi
}

# The command that builds what is tested. Nobody looks with a debugger into what CI builds (.ci/run sets LEAN_BUILD): without what that needs
# it is built sooner. Everybody else shares one build with a plain `swift build`. (The index has to stay: SwiftPM looks for tests in it.)
DEBUG_BUILD=(swift build)
if [ "${LEAN_BUILD:-}" = yes ]; then DEBUG_BUILD=(swift build -debug-info-format none); fi

# release_build ARGUMENTS...: `swift build -c release`. On Linux the Swift libraries are linked in: the program starts sooner, takes
# less memory and needs no Swift where it runs. Apple's systems bring them along. One set of flags, or everything is built twice.
release_build() {
    local glibc
    if [ "$(uname -s)" = Linux ]; then
        # Relocations in a few bytes each, where the C library can read them: 4 MB less of the program is read at every start.
        glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc 2\.\([0-9]*\).*/\1/p')
        if [ "${glibc:-0}" -ge 36 ]; then set -- "$@" -Xlinker -z -Xlinker pack-relative-relocs; fi
        # Nobody loads anything that would look for a symbol of ours: 6 MB of their names less.
        set -- "$@" -Xlinker --no-export-dynamic
        swift build -c release --static-swift-stdlib "$@"
    else
        swift build -c release "$@"
    fi
}

TOTAL_PASSED=0
TOTAL_FAILED=0

# tally NAME PASSED FAILED [NOTE]: adds one part to the total. A part that ran nothing is a failure: silence proves nothing.
tally() {
    local name=$1 passed=$2 failed=$3 remark=${4:-}
    if [ $((passed + failed)) -eq 0 ]; then
        failed=1
        remark="ran no tests${remark:+, $remark}"
    fi
    TOTAL_PASSED=$((TOTAL_PASSED + passed))
    TOTAL_FAILED=$((TOTAL_FAILED + failed))
    note "$name: ok $passed, not ok $failed${remark:+ ($remark)}"
}

# part NAME SECONDS COMMAND...: runs a command that ends with the line "N passed, N failed", shows what it prints, keeps it in a
# log, and adds its count. A non-zero exit with no failure counted is one failure more.
part() {
    local name=$1 seconds=$2 log line passed=0 failed=0 status=0 remark="" begun=$SECONDS
    shift 2
    mkdir -p "$LOGS"
    log="$LOGS/$(printf '%s' "$name" | tr -c 'a-zA-Z0-9' '-').log"
    say "$name"
    set +e
    bounded "$seconds" "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    set -e
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 || true)
    if [ -n "$line" ]; then
        passed=$(printf '%s' "$line" | sed -E 's/^([0-9]+) passed, ([0-9]+) failed$/\1/')
        failed=$(printf '%s' "$line" | sed -E 's/^([0-9]+) passed, ([0-9]+) failed$/\2/')
    fi
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
        remark="exit status $status"
        [ "$status" -eq 124 ] && remark="not done after $seconds s"
    fi
    remark="${remark:+$remark, }$((SECONDS - begun)) s"
    tally "$name" "$passed" "$failed" "$remark"
}

# beside FUNCTION: runs a function that has parts beside what follows; several may run. together: waits for them, shows what they
# printed, adds their counts. A few parts that mostly wait take little more than the longest.
BESIDE=""
beside() {
    mkdir -p "$LOGS"
    rm -f "$LOGS/beside.$1.count"
    (
        TOTAL_PASSED=0
        TOTAL_FAILED=0
        "$@"
        printf '%d %d\n' "$TOTAL_PASSED" "$TOTAL_FAILED" >"$LOGS/beside.$1.count"
    ) >"$LOGS/beside.$1.log" 2>&1 &
    BESIDE="$BESIDE $1:$!"
}

together() {
    local row passed failed
    for row in $BESIDE; do
        passed=0
        failed=0
        wait "${row##*:}" || true
        cat "$LOGS/beside.${row%:*}.log"
        if ! read -r passed failed <"$LOGS/beside.${row%:*}.count"; then
            passed=0
            failed=1
            note "${row%:*}, which ran beside, ended without saying how many passed"
        fi
        TOTAL_PASSED=$((TOTAL_PASSED + passed))
        TOTAL_FAILED=$((TOTAL_FAILED + failed))
    done
    BESIDE=""
}

# finish: the last line of a run, and its exit status.
finish() {
    printf '%d passed, %d failed\n' "$TOTAL_PASSED" "$TOTAL_FAILED"
    if [ "$TOTAL_FAILED" -ne 0 ] || [ "$TOTAL_PASSED" -eq 0 ]; then
        exit 1
    fi
    exit 0
}

# python_environment REQUIREMENTS...: a private virtual environment under .build, made once and again when a pinned version
# changes. Sets PYTHON. Nothing is installed outside the project.
python_environment() {
    local venv="$BUILD/venv" wanted stamp list
    stamp="$venv/.requirements"
    wanted=$(cat "$@")
    if [ ! -x "$venv/bin/python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say "private Python environment in .build/venv"
        mkdir -p "$BUILD"
        [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
        for list in "$@"; do
            note "pip install -r ${list#"$ROOT"/}"
            "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$list"
        done
        printf '%s\n' "$wanted" >"$stamp"
    fi
    PYTHON="$venv/bin/python"
    export PYTHON PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
}

# test_vectors: finds the recorded bytes the tests read in place. Without them those tests are skipped, on CI they fail.
test_vectors() {
    export CALLBOARD_VECTORS=${CALLBOARD_VECTORS:-$ROOT/../shared/vectors}
    if [ -d "$CALLBOARD_VECTORS" ]; then
        note "test vectors: $CALLBOARD_VECTORS"
    elif [ "${CI:-}" = true ]; then
        die "no test vectors at $CALLBOARD_VECTORS: set CALLBOARD_VECTORS (on CI they are required)"
    else
        note "no test vectors at $CALLBOARD_VECTORS: the tests that need them are skipped"
    fi
}
