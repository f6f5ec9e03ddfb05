"""What each proxy does with requests, seen from stand-ins for the service: routing, retries, streams, forwarded fields."""

import http.client
import json
import socket
import ssl
import subprocess
import sys
import time

import proxy
from replica_stub import Stub
from support import Checks, expect, request, wait_for, work_folder


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

    def jobs_reach_their_replica(self):
        for stub in self.stubs:
            for path in ("", "/exits"):
                answer = request(self.many.port, "GET", f"/jobs/{stub.name}-123{path}")
                expect(json.loads(answer.body)["replica"], stub.name, path)
        expect(request(self.many.port, "GET", "/jobs/zz-1").status, 200, "unknown replica goes to any")

    def posts_are_spread(self):
        seen = {json.loads(self.post().body)["replica"] for _ in range(12)}
        expect(seen, {"a", "b", "c"}, "replicas used")

    def post_is_not_repeated(self):
        before = self.posts()
        answer = self.post(X_Test="crash")
        expect(sum(self.posts()) - sum(before), 1, "times the POST arrived")
        if answer.status not in (502, 503):
            raise AssertionError(f"status {answer.status}")
        return f"status {answer.status}"

    def dead_replica_is_skipped(self):
        # A port nobody listens on any more: connects fail, and another replica may be asked.
        port = self.stubs[1].port
        self.stubs[1].stop()
        try:
            statuses = [self.post().status for _ in range(12)]
            expect(statuses, [200] * 12, "statuses")
        finally:
            self.stubs[1] = Stub("b", port)
        time.sleep(1.5)

    def draining_replica(self):
        self.stubs[2].mode = "drain"
        try:
            if self.name != "nginx":
                time.sleep(2.5)  # Found by the health check.
            answers = [self.post() for _ in range(12)]
            expect([a.status for a in answers], [200] * 12, "statuses")
        finally:
            self.stubs[2].mode = "work"

    def all_draining_says_when_to_come_back(self):
        for stub in self.stubs:
            stub.mode = "drain"
        try:
            answer = self.post()
            expect(answer.status, 503, "status")
            # Caddy and HAProxy may have noticed by then that no replica is ready.
            if self.name != "haproxy" and "retry-after" not in answer.headers:
                raise AssertionError("no Retry-After")
        finally:
            for stub in self.stubs:
                stub.mode = "work"
        time.sleep(6 if self.name == "nginx" else 2.5)

    def forwarded_fields_are_the_proxy_s(self):
        answer = self.post(X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="gopher", X_Request_Id="abc-1")
        headers = {k.lower(): v for k, v in json.loads(answer.body)["headers"].items()}
        expect(headers["x-forwarded-for"], "127.0.0.1", "X-Forwarded-For")
        expect(headers["x-forwarded-proto"], "http", "X-Forwarded-Proto")
        expect(headers["x-request-id"], "abc-1", "X-Request-Id")

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

    def events_come_as_they_happen(self):
        client = http.client.HTTPConnection("127.0.0.1", self.many.port, timeout=20)
        client.request("GET", "/jobs/b-1/events")
        response = client.getresponse()
        expect(response.status, 200, "status")
        worst, events = 0.0, 0
        while line := response.readline():
            if line.startswith(b"data: "):
                worst = max(worst, time.time() - float(line[6:]))
                events += 1
        expect(events, 4, "events")
        if worst > 0.5:
            raise AssertionError(f"an event came {worst:.2f} s late")
        return f"latest {worst * 1000:.0f} ms after its tile"

    def results_are_cached_by_their_tag(self):
        stub = self.stubs[0]
        paths = ("/jobs/a-7/result",)
        first = request(self.many.port, "GET", paths[0])
        expect(first.headers["etag"], '"r"', "ETag")
        time.sleep(2.1)
        before = dict(stub.results)
        again = request(self.many.port, "GET", paths[0])
        expect(again.body, first.body, "bytes")
        expect(stub.results["200"] - before["200"], 0, "bytes fetched again")
        expect(stub.results["304"] - before["304"], 1, "revalidations")
        other = request(self.many.port, "GET", paths[0], headers={"Authorization": "Bearer other"})
        expect(other.headers.get("x-cache"), "MISS", "another key's copy")
        stub.deleted = True
        time.sleep(2.1)
        expect(request(self.many.port, "GET", paths[0]).status, 404, "after the job was deleted")
        stub.deleted = False

    def inside_routes_stay_inside(self):
        for path in ("/metrics", "/readyz"):
            expect(request(self.one.port, "GET", path).status, 404, path)
        # Internal names of a configuration are nobody's business.
        expect(
            request(self.one.port, "POST", "/internal/deblur", b"x").status == 404 or self.name != "nginx", True, "/work"
        )

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
        for _ in range(140):
            answer = request(self.one.port, "POST", "/deblur", b"x")
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
            print(f"skipped {name}: not installed")
    for name in names:
        routing = Routing(name, folder)
        for check in (
            "jobs_reach_their_replica",
            "posts_are_spread",
            "post_is_not_repeated",
            "dead_replica_is_skipped",
            "draining_replica",
            "all_draining_says_when_to_come_back",
            "forwarded_fields_are_the_proxy_s",
            "connections_are_reused",
            "events_come_as_they_happen",
            "inside_routes_stay_inside",
            "oversized_is_refused_from_its_head",
        ):
            checks.run(f"{name}: {check}", getattr(routing, check))
        if name == "nginx":
            checks.run("nginx: results_are_cached_by_their_tag", routing.results_are_cached_by_their_tag)
        if name != "caddy":
            checks.run(f"{name}: limits_say_when_to_come_back", routing.limits_say_when_to_come_back)
        routing.stop()
    checks.run("TLS", tls, folder)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
