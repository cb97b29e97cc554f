"""RabbitMQ with its AMQP 1.0 plug-in, as a process of ours: on loopback, on free ports, in a folder of its own, gone afterwards."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

from checks import Skipped, eventually

SERVERS = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/homebrew/sbin/rabbitmq-server", "/usr/local/sbin/rabbitmq-server")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class RabbitMQ:
    """with RabbitMQ() as broker: broker.port; users: guest/guest, or anonymous."""

    def __enter__(self):
        server = next((path for path in SERVERS if os.path.exists(path)), shutil.which("rabbitmq-server"))
        epmd = shutil.which("epmd") or next((str(path) for path in pathlib.Path("/usr/lib/erlang").glob("erts-*/bin/epmd")), None)
        if server is None or epmd is None:
            raise Skipped("RabbitMQ is not installed: script/bootstrap --interop")
        self.port, epmd_port, distribution_port = free_port(), free_port(), free_port()
        self.folder = tempfile.mkdtemp(prefix="callboard-rabbitmq-")
        folder = pathlib.Path(self.folder)
        for name in ("mnesia", "log", "home"):
            (folder / name).mkdir()
        (folder / "enabled_plugins").write_text("[rabbitmq_amqp1_0].\n")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nloopback_users = none\nlog.console = true\nlog.console.level = info\nlog.file = false\n"
        )
        environment = {
            **os.environ,
            "HOME": str(folder / "home"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd_port),
            "RABBITMQ_NODENAME": f"callboard{os.getpid()}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        account = {}
        if os.geteuid() == 0:
            # The server does not run as root; the package brings a user for it.
            with contextlib.suppress(KeyError):
                user = pwd.getpwnam("rabbitmq")
                account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
                for path in (folder, *folder.rglob("*")):
                    os.chown(path, user.pw_uid, user.pw_gid)
        self.log = open(folder / "output.log", "w+b")
        self.processes = []
        try:
            # Its own port mapper, in the foreground, so that it ends with us.
            self._start([epmd, "-address", "127.0.0.1", "-port", str(epmd_port)], environment, account)
            self._start([server], environment, account)
            eventually(self._ready, seconds=90, every=0.2, what="RabbitMQ starting")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, command, environment, account):
        self.processes.append(
            subprocess.Popen(
                command,
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **account,
            )
        )

    def output(self):
        return (pathlib.Path(self.folder) / "output.log").read_text(errors="replace")

    def _ready(self):
        if any(process.poll() is not None for process in self.processes):
            raise AssertionError(f"RabbitMQ ended while starting:\n{self.output()[-3000:]}")
        if "completed with" not in self.output() and "Server startup complete" not in self.output():
            return False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def __exit__(self, *_):
        # The server first, then its port mapper; each leads a session of its own with its helpers in it.
        for process in reversed(self.processes):
            for number, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, number)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=seconds)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
