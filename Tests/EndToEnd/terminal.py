"""A real terminal for the journeys: a private tmux server with one window of a given size and a job-control shell in it.

The shell is there for a reason: what a program leaves behind (modes, colours, a hidden cursor, the alternate screen) shows only after it
has gone. Nothing sleeps blindly: every wait polls the screen for something, with a deadline.
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Interop"))

from checks import OutOfTime  # noqa: E402

CONFIGURATION = """
set -g escape-time 0
set -g focus-events on
set -g set-clipboard on
set -g allow-rename on
set -g default-terminal tmux-256color
set -g status off
set -g history-limit 2000
set -g remain-on-exit on
"""

# Every mode a program may change and must put back. `cursor_flag` is 0 while the cursor is hidden.
MODES = (
    "alternate_on cursor_flag insert_flag keypad_flag keypad_cursor_flag origin_flag wrap_flag mouse_any_flag mouse_all_flag "
    "mouse_button_flag mouse_standard_flag mouse_sgr_flag mouse_utf8_flag scroll_region_upper scroll_region_lower"
).split()

PROMPT = "ready$ "


class Terminal:
    """with Terminal(rows=24, columns=80) as terminal: terminal.start("callboard demo"); terminal.wait_for("Services")"""

    number = 0

    def __init__(self, rows=24, columns=80, term="tmux-256color", environment=None):
        Terminal.number += 1
        self.rows, self.columns = rows, columns
        self.term = term
        self.environment = environment or {}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="callboard-terminal-"))
        self.socket = f"callboard-{os.getpid()}-{Terminal.number}"
        self.program = None

    # Starting and ending

    def __enter__(self):
        folder = self.folder
        configuration = folder / "tmux.conf"
        configuration.write_text(CONFIGURATION, encoding="utf-8")
        environment = {
            key: value for key, value in os.environ.items() if key not in ("TMUX", "TMUX_PANE", "LINES", "COLUMNS", "NO_COLOR", "COLORTERM")
        }
        # An own home, so that nobody's configuration (and no earlier test's) shows.
        environment.update(
            {
                "HOME": str(folder),
                "XDG_CONFIG_HOME": str(folder / "config"),
                "XDG_STATE_HOME": str(folder / "state"),
                "XDG_CACHE_HOME": str(folder / "cache"),
                "LC_ALL": "C.UTF-8",
                "SWIFT_BACKTRACE": "enable=no",
                "TZ": "UTC",
            }
        )
        environment.pop("SERVICEBUS_CONNECTION_STRING", None)
        environment.update(self.environment)
        # The prompt is set here and not in the environment: tmux starts this by a shell that may drop it.
        shell = f"PS1={shlex.quote(PROMPT)} TERM={shlex.quote(self.term)} exec bash --noprofile --norc -i"
        subprocess.run(
            ["tmux", "-L", self.socket, "-f", str(configuration), "new-session", "-d", "-s", "journey"]
            + ["-x", str(self.columns), "-y", str(self.rows), shell],
            env=environment,
            check=True,
            timeout=20,
        )
        try:
            self.resize(self.rows, self.columns)
            self.wait_for(re.escape(PROMPT.strip()), seconds=15)
            self.tmux("select-pane", "-T", "title before")
            self.before = self.state()
        except BaseException:
            self.tmux("kill-server", check=False)
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind, error, _):
        if kind is not None and isinstance(error, Exception):
            try:
                picture = self.screen()
            except Exception:
                picture = "(no screen: the terminal is gone)"
            error.args = (f"{error.args[0] if error.args else ''}\nthe screen was:\n{picture}",) + error.args[1:]
        try:
            self.tmux("kill-server", check=False)
        finally:
            if self.program is not None and alive(self.program):
                os.kill(self.program, signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)

    def tmux(self, *arguments, check=True):
        done = subprocess.run(
            ["tmux", "-L", self.socket, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"tmux {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    # Typing

    def keys(self, *names):
        """Presses keys by tmux's names: Down, Enter, Escape, C-c, C-z, F1, or single characters."""
        self.tmux("send-keys", *names)

    def type(self, text):
        """Types text as it stands."""
        self.tmux("send-keys", "-l", "--", text)

    def start(self, command, marker, seconds=60):
        """Runs a command line in the shell and waits for a marker on the screen; remembers the program's process."""
        self.type(f"clear; {command}")
        self.keys("Enter")
        self.wait_for(marker, seconds=seconds)
        self.program = self.foreground()

    def shell(self, command, seconds=15):
        """Runs a shell command when no program is in the foreground; gives its output lines. The command's end is marked by a
        string that stands nowhere in the line that was typed."""
        mark = f"end-{time.monotonic_ns()}"
        output = self.folder / mark
        self.type(f"{{ {command}; }} > {output} 2>&1; mv {output} {output}.done")
        self.keys("Enter")
        done = pathlib.Path(f"{output}.done")
        self.until(done.exists, seconds, f"the shell running {command!r}")
        return done.read_text(errors="replace").splitlines()

    # Looking

    def screen(self):
        """The visible text, one line a row, blanks at the ends cut."""
        return self.tmux("capture-pane", "-p")

    def styled(self):
        """The visible text with its SGR sequences."""
        return self.tmux("capture-pane", "-e", "-N", "-p")

    def lines(self):
        return self.screen().split("\n")

    def line(self, pattern):
        """The first line that matches, or None."""
        return next((line for line in self.lines() if re.search(pattern, line)), None)

    def flags(self, *names):
        values = self.tmux("display-message", "-p", "|".join(f"#{{{name}}}" for name in names)).split("|")
        return dict(zip(names, values))

    def state(self):
        return self.flags(*MODES)

    @property
    def title(self):
        return self.tmux("display-message", "-p", "#{pane_title}")

    @property
    def size(self):
        flags = self.flags("pane_height", "pane_width")
        return int(flags["pane_height"]), int(flags["pane_width"])

    def clipboard(self):
        """What programs have put into the clipboard by OSC 52."""
        return self.tmux("list-buffers", check=False)

    # Waiting

    def until(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                raise OutOfTime(f"{what}: not within {seconds} s")
            time.sleep(0.02)

    def wait_for(self, pattern, seconds=10):
        """Waits until a regular expression matches the screen's text."""
        expression = re.compile(pattern, re.MULTILINE)
        return self.until(lambda: expression.search(self.screen()), seconds, f"/{pattern}/ on the screen")

    def wait_gone(self, pattern, seconds=10):
        expression = re.compile(pattern, re.MULTILINE)
        self.until(lambda: not expression.search(self.screen()), seconds, f"/{pattern}/ leaving the screen")

    def wait_for_shell(self, seconds=10):
        """Waits until the program has left the foreground and the prompt is back."""
        self.until(lambda: self.tmux("display-message", "-p", "#{pane_current_command}") == "bash", seconds, "the shell being back")
        self.wait_for(r"^" + re.escape(PROMPT.strip()), seconds)

    def foreground(self):
        """The process id in the foreground of the terminal (the shell's own when no program runs)."""
        tty = self.tmux("display-message", "-p", "#{pane_tty}")
        rows = subprocess.run(
            ["ps", "-o", "pid=,stat=,comm=", "-t", tty.removeprefix("/dev/")], stdout=subprocess.PIPE, text=True, timeout=10, check=True
        ).stdout.splitlines()
        for row in rows:
            pid, status, *_ = row.split()
            if "+" in status:
                return int(pid)
        raise AssertionError(f"nothing is in the foreground of {tty}: {rows}")

    def resize(self, rows, columns):
        self.tmux("resize-window", "-t", "journey", "-x", str(columns), "-y", str(rows))
        self.rows, self.columns = rows, columns

    # What has to be true once a program has gone

    def expect_restored(self, what):
        """The terminal is as it was before the program: screen, cursor, modes, line discipline, colours, title, clipboard."""
        self.wait_for_shell()
        self.until(lambda: self.flags("alternate_on")["alternate_on"] == "0", 5, f"{what}: the alternate screen being left")
        now = self.state()
        changed = {name: (self.before[name], now[name]) for name in MODES if self.before[name] != now[name] and "scroll" not in name}
        assert not changed, f"{what} left terminal modes behind (before, now): {changed}"
        assert now["scroll_region_upper"] == "0" and int(now["scroll_region_lower"]) == self.rows - 1, f"{what}: a scroll region stayed"
        assert self.title == "title before", f"{what} left the title {self.title!r}"
        (settings,) = [line for line in self.shell("stty -a") if "icanon" in line]
        for word in ("icanon", "echo", "isig", "iexten"):
            assert re.search(rf"(?<!-)\b{word}\b", settings), f"{what} left the line discipline without {word}: {settings}"
        output = " ".join(self.shell("stty -a"))
        assert " opost" in output and " onlcr" in output, f"{what} left stair steps behind: {output}"
        self.type("clear; echo plain-$((40 + 2))")
        self.keys("Enter")
        self.wait_for(r"^plain-42$")
        styled = next(line for line in self.styled().split("\n") if "plain-42" in line)
        assert styled.strip() == "plain-42", f"{what} left attributes behind: {styled!r}"


def alive(pid):
    """Whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return False
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def stopped(pid):
    """Whether a process is stopped (by ^Z)."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, timeout=10, check=False).stdout
    return status.strip().startswith("T")
