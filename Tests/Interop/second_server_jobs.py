"""Jobs of our command against a second server (second_server.py runs them), which answers what Microsoft's documents do not foresee. Entities are
described by a sandbox, which knows nothing of their messages."""

import contextlib
import json
import pathlib
import tempfile

from proton import Condition, int32

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


class TokenLinkCloser(Responder):
    """Detaches the links of `$cbs` after the second token, as the service does when they are idle."""

    closing = ()
    seen = 0

    def take(self, event, link, message, delivery):
        super().take(event, link, message, delivery)
        if self.address_of(link) == "$cbs":
            self.seen += 1
            if self.seen == 2:
                self.closing = (link, self.replies[(event.connection, "$cbs")])
                event.container.schedule(0, self)

    def on_timer_task(self, _event):
        for link in self.closing:
            link.condition = Condition("amqp:link:detach-forced", "The link is force detached. Idle timeout: 00:10:00.", {})
            link.close()


@checks.step("the links of $cbs are attached anew when the service has detached them")
def token_link_detached():
    with described(TokenLinkCloser) as server:
        entity = filled(server, 3)
        server.command("move", "q", "--all", "--to", "r", "--yes", "--without-transactions")
        equal(entity.bodies, [])
        equal(server.responder.entity("r").bodies, ["b0", "b1", "b2"])
        assert server.responder.closing, "no links were detached"
