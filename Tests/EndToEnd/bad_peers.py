"""Servers that are not what a connection string promises: each listens on a free loopback port, in a thread of its own.

    with BadPeer(speak_http) as peer: peer.port
"""

import contextlib
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading


class BadPeer:
    """Accepts connections and lets `behaviour(connection)` do what it likes with each. Ends with the block."""

    def __init__(self, behaviour, tls=None):
        self.behaviour = behaviour
        self.tls = tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ended = threading.Event()
        self.connections = 0
        self.open = []
        self.thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.close()
        self.thread.join(timeout=5)

    def _accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(10)
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.behaviour(connection)
        except (OSError, ssl.SSLError):
            pass  # the client hung up, which is what a good client does here
        finally:
            with contextlib.suppress(OSError):
                connection.close()


def speak_http(connection):
    """A web server: reads what comes and answers that it is no request."""
    connection.recv(65536)
    body = b"<html><body><h1>400 Bad Request</h1></body></html>"
    connection.sendall(
        b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
    )


def speak_ssh(connection):
    """Another protocol that speaks first."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    connection.recv(65536)


def send_garbage(connection):
    """Bytes without a meaning, from the first on."""
    connection.sendall(os.urandom(65536))
    connection.recv(65536)


AMQP_SASL = b"AMQP\x03\x01\x00\x00"
AMQP = b"AMQP\x00\x01\x00\x00"
MECHANISMS = bytes.fromhex("00000000 02010000 00 53 40 c0 0f 01 e0 0c 01 a3 09") + b"ANONYMOUS"
OUTCOME = bytes.fromhex("00000000 02010000 00 53 44 c0 03 01 50 00")


def framed(data):
    """Mends the size field of a frame written by hand."""
    return len(data).to_bytes(4, "big") + data[4:]


def garbage_after_handshake(connection):
    """A peer that starts like AMQP and then loses its mind: a frame whose size says four gigabytes."""
    connection.recv(8)
    connection.sendall(AMQP_SASL + framed(MECHANISMS))
    connection.recv(65536)
    connection.sendall(framed(OUTCOME))
    connection.recv(65536)
    connection.sendall(AMQP + b"\xff\xff\xff\xff\x02\x00\x00\x00" + os.urandom(4096))
    connection.recv(65536)


def say_nothing(connection):
    """Accepts and is silent, as a stopped process behind a load balancer is."""
    while connection.recv(65536):
        pass


def hang_up(connection):
    """Closes at once."""
    connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def certificate(name="elsewhere.example", days=1):
    """A self-signed certificate for a name nobody here asks for: (certificate path, TLS context of a server that shows it)."""
    with tempfile.TemporaryDirectory(prefix="callboard-tls-") as folder:
        key, chain = pathlib.Path(folder) / "key.pem", pathlib.Path(folder) / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(chain)]
            + ["-days", str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        yield chain, context


def unused_port():
    """A loopback port nobody listens on (somebody else could take it; on a test machine nobody does)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
