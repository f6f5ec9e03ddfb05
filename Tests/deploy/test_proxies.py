"""What each proxy does with requests, seen from stand-ins for the service that tell what reached them: forwarded fields,
reused connections, limits, TLS. Everything else is tried with real replicas (test_replicas.py)."""

import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import proxy
from replica_stub import Stub
from support import Checks, expect, request, work_folder


class Routing:
    def __init__(self, name, folder):
        self.name = name
        self.stubs = [Stub(letter) for letter in "abc"]
        self.many = proxy.Proxy(name, folder / f"{name}-many", [stub.port for stub in self.stubs])
        self.one = proxy.Proxy(name, folder / f"{name}-one", [self.stubs[0].port], limited=True)

    def stop(self):
        self.many.stop()
        self.one.stop()
        for stub in self.stubs:
            stub.stop()

    def posts(self):
        return [stub.posts for stub in self.stubs]

    def post(self, **headers):
        return request(
            self.many.port, "POST", "/deblur", b"x" * 1000, {k.replace("_", "-"): v for k, v in headers.items()}
        )

    def all_draining_says_when_to_come_back(self):
        for stub in self.stubs:
            stub.mode = "drain"
        try:
            answer = self.post()
            expect(answer.status, 503, "status")
            # Caddy and HAProxy may have noticed by then that no replica is ready, and say so themselves.
            if "retry-after" not in answer.headers:
                raise AssertionError("no Retry-After")
        finally:
            for stub in self.stubs:
                stub.mode = "work"
        time.sleep(6 if self.name == "nginx" else 2.5)

    def forwarded_fields_are_the_proxy_s(self):
        answer = self.post(X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="gopher", X_Request_Id="abc-1")
        self.are_the_proxy_s(answer)
        headers = {k.lower(): v for k, v in json.loads(answer.body)["headers"].items()}
        expect(headers["x-request-id"], "abc-1", "X-Request-Id")
        # Named as a matter of this connection alone, they would be taken out on the way.
        self.are_the_proxy_s(self.post(Connection="X-Forwarded-For, X-Forwarded-Proto", X_Forwarded_For="203.0.113.9"))

    def are_the_proxy_s(self, answer):
        headers = {k.lower(): v for k, v in json.loads(answer.body)["headers"].items()}
        expect(headers.get("x-forwarded-for"), "127.0.0.1", "X-Forwarded-For")
        expect(headers.get("x-forwarded-proto"), "http", "X-Forwarded-Proto")

    def connections_are_reused(self):
        client = http.client.HTTPConnection("127.0.0.1", self.one.port, timeout=20)
        request(self.one.port, "GET", "/model", connection=client)
        before = self.stubs[0].connections
        for _ in range(30):
            expect(request(self.one.port, "GET", "/model", connection=client).status, 200, "status")
        new = self.stubs[0].connections - before
        # Health checks of the proxy open some of their own.
        if new > 6:
            raise AssertionError(f"{new} connections for 30 requests")
        return f"{new} new connections for 30 requests on one client connection"

    def inside_routes_stay_inside(self):
        for path in ("/metrics", "/readyz"):
            expect(request(self.one.port, "GET", path).status, 404, path)
        # Internal names of a configuration are nobody's business.
        expect(
            request(self.one.port, "POST", "/internal/deblur", b"x").status == 404 or self.name != "nginx", True, "/work"
        )

    def gives_up_root_and_drains_by_its_socket(self):
        """HAProxy: nobody's rights once the ports are open, and the command of docs/operations.md."""
        if os.geteuid() == 0:
            status = Path(f"/proc/{self.many.process.pid}/status").read_text()
            expect("0" in re.search(r"^Uid:\s*(.*)$", status, re.M).group(1).split(), False, "HAProxy is root")
        for state, wanted in (("drain", {"b", "c"}), ("ready", {"a", "b", "c"})):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.many.folder / "admin.sock"))
                client.sendall(f"set server deblur/a state {state}\n".encode())
                expect(client.recv(1000), b"\n", "answer")
            expect({json.loads(self.post().body)["replica"] for _ in range(6)}, wanted, f"who works after {state}")

    def oversized_is_refused_from_its_head(self):
        client = socket.create_connection(("127.0.0.1", self.one.port), timeout=20)
        client.sendall(
            b"POST /deblur HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 67108865\r\n\r\n"
        )
        head = client.recv(65536).decode()
        client.close()
        expect(head.split(" ")[1], "413", "status")
        if "application/problem+json" not in head.lower():
            raise AssertionError(f"not problem+json: {head[:300]}")
        before = self.posts()[0]
        answer = request(self.one.port, "POST", "/deblur", bytes(67108864))
        expect((answer.status, self.posts()[0] - before), (200, 1), "exactly 64 MiB")

    def limits_say_when_to_come_back(self):
        statuses = []
        for number in range(140):
            # The service decodes paths: other spellings count as well.
            answer = request(self.one.port, "POST", ("/deblur", "/%64eblur")[number % 2], b"x")
            statuses.append(answer.status)
            if answer.status == 429:
                break
        expect(answer.status, 429, "status after many requests")
        expect(answer.headers.get("retry-after"), "10", "Retry-After")
        expect(answer.headers["content-type"], "application/problem+json", "Content-Type")
        expect(json.loads(answer.body)["code"], "rate_limited", "code")
        return f"after {len(statuses)} requests"


def tls(folder):
    """nginx's and HAProxy's TLS lines with a certificate made here; Caddy makes its own."""
    keys = folder / "keys"
    keys.mkdir()
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=deblur.example.org",
            "-keyout",
            keys / "privkey.pem",
            "-out",
            keys / "fullchain.pem",
        ],
        check=True,
        capture_output=True,
    )
    (keys / "combined.pem").write_text((keys / "fullchain.pem").read_text() + (keys / "privkey.pem").read_text())
    stub = Stub("a")
    try:
        for name in ("nginx", "haproxy"):
            if not proxy.program(name):
                continue
            running = proxy.Proxy(name, folder / f"{name}-tls", [stub.port], tls=keys)
            context = ssl.create_default_context(cafile=str(keys / "fullchain.pem"))
            context.check_hostname = False
            client = http.client.HTTPSConnection("127.0.0.1", running.tls_port, context=context, timeout=20)
            answer = request(0, "POST", "/deblur", b"x" * 100_000, connection=client)
            expect(answer.status, 200, f"{name}: status over TLS")
            headers = {k.lower(): v for k, v in json.loads(answer.body)["headers"].items()}
            expect(headers["x-forwarded-proto"], "https", f"{name}: X-Forwarded-Proto")
            running.stop()
    finally:
        stub.stop()


def main():
    checks, folder = Checks(), work_folder()
    wanted = sys.argv[1:] or proxy.NAMES
    names = [name for name in wanted if proxy.program(name)]
    for name in wanted:
        if name not in names:
            checks.skip(name, "not installed")
    for name in names:
        routing = Routing(name, folder)
        for check in (
            "all_draining_says_when_to_come_back",
            "forwarded_fields_are_the_proxy_s",
            "connections_are_reused",
            "inside_routes_stay_inside",
            "oversized_is_refused_from_its_head",
        ):
            checks.run(f"{name}: {check}", getattr(routing, check))
        if name == "haproxy":
            checks.run("haproxy: gives up root and drains", routing.gives_up_root_and_drains_by_its_socket)
        if name != "caddy":
            checks.run(f"{name}: limits_say_when_to_come_back", routing.limits_say_when_to_come_back)
        routing.stop()
    checks.run("TLS", tls, folder)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
