"""A small runner for tests written in Python: steps in order, each bounded in time, and a last line with the count.

    checks = Checks("official client against the sandbox")

    @checks.step("a message is sent", seconds=20)
    def sends():
        assert ...

    sys.exit(checks.run())
"""

import contextlib
import os
import signal
import sys
import time
import traceback


class OutOfTime(Exception):
    """A step, or a wait inside it, took longer than it may."""


class Skipped(Exception):
    """A step that cannot run here, with the reason."""


@contextlib.contextmanager
def limit(seconds, what):
    """Ends the block with OutOfTime when it takes longer (main thread only)."""

    def expired(_signal, _frame):
        raise OutOfTime(f"{what} took more than {seconds} s")

    previous = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def eventually(condition, seconds=10, every=0.05, what="the condition"):
    """Polls until condition() is true and gives what it returned; OutOfTime when the deadline passes first."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise OutOfTime(f"{what} did not come true within {seconds} s")
        time.sleep(every)


class Checks:
    """Steps in the order they were written down. A failed step does not stop the others."""

    def __init__(self, title):
        self.title = title
        self.steps = []
        self.cleanups = []

    def step(self, name, seconds=30, essential=False):
        """Registers a step. When an essential one fails, the others cannot tell anything and are not run: one failure, not twenty."""

        def register(function):
            self.steps.append((name, seconds, essential, function))
            return function

        return register

    def cleanup(self, function):
        """Registers what has to happen in the end, whatever happened before."""
        self.cleanups.append(function)
        return function

    def run(self, only=None):
        """Runs the steps (those whose name contains `only`), prints one line each and the count; gives the exit status."""
        only = only if only is not None else (sys.argv[1] if len(sys.argv) > 1 else "")
        passed = failed = skipped = 0
        for name, seconds, essential, function in self.steps:
            if only not in name and not essential:
                continue
            start = time.monotonic()
            try:
                with limit(seconds, name):
                    function()
                passed += 1
                print(f"ok      {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except Skipped as reason:
                if os.environ.get("CI") == "true":
                    failed += 1
                    print(f"FAILED  {name}: skipped on CI: {reason}", flush=True)
                else:
                    skipped += 1
                    print(f"skipped {name}: {reason}", flush=True)
            except BaseException as error:  # a step may fail in any way, and the others still count
                if isinstance(error, KeyboardInterrupt):
                    self._clean()
                    raise
                failed += 1
                print(f"FAILED  {name} ({time.monotonic() - start:.1f} s)", flush=True)
                for line in own_lines(error):
                    print(f"        {line}", flush=True)
                if essential:
                    print("        the steps after it need it: not run", flush=True)
                    break
        self._clean()
        print(f"{passed} passed, {failed} failed", flush=True)
        return 1 if failed or not passed else 0

    def _clean(self):
        for function in reversed(self.cleanups):
            try:
                with limit(15, "cleaning up"):
                    function()
            except Exception:
                traceback.print_exc()


def own_lines(error):
    """The lines of a traceback that are in these tests, and the error itself: a library's inside helps nobody here."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(here) and not frame.filename.endswith("checks.py"):
            yield f"{os.path.relpath(frame.filename, here)}:{frame.lineno}: {frame.line}"
    text = str(error).strip()
    yield from f"{type(error).__name__}: {text}".splitlines()[:60]
