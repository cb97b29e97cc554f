"""Jobs of our command against a second server (second_server.py runs them), which answers what Microsoft's documents do not foresee. Entities are
described by a sandbox, which knows nothing of their messages."""

import contextlib
import json
import pathlib
import tempfile

from proton import int32

import callboard
from responder import Responder
from second_server import checks, equal, served


@contextlib.contextmanager
def described(kind=Responder):
    """A second server with the queues q and r."""
    queues = [{"Name": name, "Properties": {}} for name in ("q", "r")]
    configuration = {"UserConfig": {"Namespaces": [{"Name": "sbemulatorns", "Queues": queues}]}}
    with tempfile.TemporaryDirectory(prefix="callboard-second-") as folder:
        path = pathlib.Path(folder) / "Config.json"
        path.write_text(json.dumps(configuration))
        with callboard.Sandbox(config=path) as sandbox, served(kind) as server:
            server.connection_string += f"ManagementPort={sandbox.http_port};"
            yield server


def filled(server, count, **options):
    entity = server.responder.entity("q")
    for number in range(count):
        entity.put(f"b{number}", **options)
    return entity


@checks.step("a message whose settlement by lock token found no message is not done")
def refused_settlement():
    with described() as server:
        entity = filled(server, 3, state=1)
        server.responder.script("update-disposition", (404, "com.microsoft:message-not-found", {}))
        done = server.command("delete", "q", "--seq", "1", "--yes", "--no-export", status=5)
        assert "0 of 1 done" in done.stdout, done.stdout
        equal(len(entity.bodies), 3)


@checks.step("a purge ends at a count of messages that was not asked for, and at an answer that cannot be read")
def counts_not_asked_for():
    for answer in ({"message-count": 2**63 - 1}, {"message-count": int32(-1)}, None):
        with described() as server:
            filled(server, 10)
            server.responder.script("batch-delete-messages", (200, None, {"message-count": int32(5)}), (200, None, answer))
            done = server.command("purge", "q", "--yes-purge", "q", "--no-export", status=5)
            assert "5 of 10 done" in done.stdout and "cannot be read" in done.stdout, f"{answer}: {done.stdout}"
            equal([operation for _, operation, *_ in server.responder.requests].count("batch-delete-messages"), 2, "asked once more")
