"""An HTTP proxy on loopback: it opens tunnels (CONNECT) and passes on what it is asked to get, and writes down what it was asked."""

import base64
import contextlib
import socket
import socketserver
import threading
import urllib.parse

USER, PASSWORD = "operator", "p@ss:word"


class Door(socketserver.StreamRequestHandler):
    """One client: its request, and then bytes both ways."""

    timeout = 30

    def handle(self):
        head = self.read_head()
        if not head:
            return
        method, target, _ = head[0].split(" ", 2)
        given = [line.partition(":")[2].strip() for line in head if line.lower().startswith("proxy-authorization:")]
        self.server.requests.append((method, target, bool(given)))
        if given != [f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"]:
            self.wfile.write(b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
            return
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port)), timeout=10) as far:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self.carry(far)
            return
        # Without TLS some clients have their WebSocket passed on by the proxy in place of a tunnel.
        url = urllib.parse.urlsplit(target)
        kept = [line for line in head[1:] if not line.lower().startswith("proxy-")]
        with socket.create_connection((url.hostname, url.port), timeout=10) as far:
            far.sendall("\r\n".join([f"{method} {url.path} HTTP/1.1", *kept, "", ""]).encode())
            self.carry(far)

    def read_head(self):
        """The lines of a request up to the empty one."""
        lines = []
        while line := self.rfile.readline(65536).decode("latin-1").rstrip("\r\n"):
            lines.append(line)
        return lines

    def carry(self, far):
        """Hands bytes both ways until one end closes."""
        for end in (far, self.connection):
            end.settimeout(None)
        back = threading.Thread(target=self.pump, args=(far.recv, self.connection), daemon=True)
        back.start()
        self.pump(self.rfile.read1, far)
        back.join(5)

    @staticmethod
    def pump(read, target):
        with contextlib.suppress(OSError):
            while data := read(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


class Proxy(socketserver.ThreadingTCPServer):
    """`with Proxy() as proxy:` runs it; `proxy.requests` is what it was asked: [(method, target, whether with a user)]."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Door)
        self.requests = []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        """Its address with user and password, as people write it in a variable."""
        return f"http://{USER}:{urllib.parse.quote(PASSWORD, safe='')}@127.0.0.1:{self.port}"

    def __exit__(self, *raised):
        self.shutdown()
        super().__exit__(*raised)
