"""What a hostile client sends through each proxy to the real service, byte by byte, and what must not come of it."""

import json
import re
import socket
import time

from broken_chunks import BROKEN_CHUNKS
from support import expect, metric, request, wait_for

PNG = {"Content-Type": "image/png"}
INSIDE = """/metrics //metrics /./metrics /metrics? /metrics?x=1 /METRICS /%6detrics /%6Detrics /metric%73 /x/../metrics
    /jobs/../metrics /jobs/a-1/../../metrics /jobs/%2e%2e/metrics /jobs/a-1%2f..%2f..%2fmetrics /metrics%2f /%2fmetrics
    /%2e/metrics /metrics/. /metrics%00 /metrics%20 /metrics;x /metrics#x http://x/metrics http://x/%6detrics
    http://x//metrics x/metrics /\\metrics /.%2e/metrics /readyz //readyz /read%79z /%72eadyz
    /readyz/. /healthz/../readyz http://x/read%79z""".split()
# What would be a request of its own if proxy and service did not agree where the body ends.
INNER = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
LENGTH = f"Content-Length: {5 + len(INNER)}\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
FRAMES = [
    "Content-Length: 0\r\n" + CHUNKED,
    CHUNKED + "Content-Length: 0\r\n",
    LENGTH + CHUNKED,
    "Content-Length: 0\r\n" + LENGTH,
    LENGTH + "Content-Length: 0\r\n",
    "Content-Length: 0, 0\r\n",
    "Content-Length: +0\r\n",
    "Content-Length : 0\r\n",
    "Content-Length:\r\n 0\r\n",
    "X: y\r\n Content-Length: 0\r\n",
    "Content-Length: 0\rX: y\r\n",
    "Content-Length: 0\nX: y\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: chunked;a=b\r\n" + LENGTH,
    "Transfer-Encoding: \x0bchunked\r\n" + LENGTH,
    "Transfer-Encoding:\r\n chunked\r\n" + LENGTH,
    "Transfer-Encoding : chunked\r\n" + LENGTH,
    "Transfer_Encoding: chunked\r\n" + LENGTH,
    "Transfer-Encoding\xa0: chunked\r\n" + LENGTH,
    "Connection: Content-Length\r\n" + LENGTH,
    "Connection: Transfer-Encoding\r\n" + CHUNKED,
    "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n" + LENGTH,
    "Expect: 100-continue\r\nContent-Length: 0\r\n",
]
CHUNKS = [
    *BROKEN_CHUNKS,
    b"0\r\nContent-Length: 5\r\n\r\n",
    b"2;\n",
    b"2;a\rb\r\nZZ\r\n0\r\n\r\n",
]


def raw(port, data, seconds=1.0):
    """Everything that comes back until the other side closes or is silent for that long."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client:
        try:
            client.sendall(data)
            while part := client.recv(65536):
                answer += part
        except OSError:
            pass  # Reset, or silent: what came is what counts.
    return answer


def ask(port, path, fields="", method="GET", host="Host: x\r\n", version="1.1"):
    return raw(port, f"{method} {path} HTTP/{version}\r\n{host}{fields}Connection: close\r\n\r\n".encode("latin1"), 10)


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


class Hostile:
    """`port`: the proxy in front of `service`."""

    def __init__(self, name, port, service):
        self.name, self.port, self.service = name, port, service

    def scrapes(self):
        """How many of /metrics the service has answered, this question left out."""
        return metric(self.service.port, "deblur_http_requests_total", 'route="/metrics"')

    def inside_routes_stay_inside(self):
        for path in INSIDE:
            answer = ask(self.port, path)
            if status(answer) not in (400, 404):
                raise AssertionError(f"{path}: {answer[:200]!r}")
        return f"{len(INSIDE)} spellings"

    def nothing_is_smuggled(self):
        after = b"GET /model HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        before, count = self.scrapes(), 0
        for method, path in (("POST", "/deblur"), ("GET", "/healthz"), ("DELETE", "/jobs/a-x")):
            head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n"
            tries = [(head + frame + "\r\n").encode("latin1") + b"0\r\n\r\n" for frame in FRAMES]
            tries += [(head + CHUNKED + "\r\n").encode() + chunk for chunk in CHUNKS]
            for begin in tries:
                answer = raw(self.port, begin + INNER + after, 0.5)
                expect(b"deblur_" in answer, False, f"metrics came back for {begin!r}")
                count += 1
        expect(self.scrapes() - before, 1, "requests for /metrics that reached the service, this one included")
        return f"{count} messages"

    def odd_heads(self):
        """Hosts as HTTP/1.0 and the absolute form have them; heads that no server should take in."""
        expect(status(ask(self.port, "/healthz", host="", version="1.0")), 200, "HTTP/1.0 without a Host")
        for host in ("", "Host: a\r\nHost: b\r\n", "Host: a/b\r\n"):
            expect(status(ask(self.port, "/healthz", host=host)), 400, f"status for {host!r}")
        for fields in ("X: " + "y" * 70_000 + "\r\n", "".join(f"X{n}: y\r\n" for n in range(300))):
            if status(ask(self.port, "/healthz", fields)) not in (400, 431):
                raise AssertionError(f"a head of {len(fields)} bytes is taken")
        expect(request(self.port, "GET", "/healthz").status, 200, "status afterwards")

    def ids_are_the_service_s(self):
        """In the header and in the body, whoever answers; a client's own only if the service would take it."""
        for sent, wanted in (("mine-1", "mine-1"), ('a","b', None), ("a" * 65, None)):
            for method, path, code in (("GET", "/nothing", 404), ("POST", "/deblur", 413)):
                if (self.name, code) == ("caddy", 413):
                    continue  # It makes no ids; those of the service are its own.
                length = {"Content-Length": "67108865"} if code == 413 else {}
                answer = request(self.port, method, path, headers={"X-Request-Id": sent, **length})
                expect(answer.status, code, "status")
                identity = answer.headers.get("x-request-id", "")
                if not re.fullmatch("[A-Za-z0-9_-]{1,64}", identity) or wanted not in (None, identity):
                    raise AssertionError(f"{identity!r} for {sent!r}")
                expect(json.loads(answer.body)["request_id"], identity, "id in the body")

    def one_client_cannot_hold_all(self):
        """Bodies that never come: more than 32 requests at a time of one client are refused, wherever they go. nginx
        keeps what it waits for to itself, the service does not see it."""
        for path in ("/deblur", "/jobs/a-1", "/nothing"):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000000\r\n\r\nZ"
            held = []
            try:
                for _ in range(40):
                    held.append(socket.create_connection(("127.0.0.1", self.port), timeout=20))
                    held[-1].sendall(head.encode())
                    time.sleep(0.02)  # Below the rate limit of photos.
                answer = wait_for(
                    lambda: (now := request(self.port, "GET", "/model")).status == 429 and now, 5, f"429 beside {path}"
                )
                expect(answer.headers.get("retry-after"), "10", "Retry-After")
                expect(json.loads(answer.body)["code"], "rate_limited", "code")
            finally:
                for client in held:
                    client.close()
            wait_for(lambda: request(self.port, "GET", "/model").status == 200, 10, "taken again")


def results_need_their_key(port, small):
    """nginx's copy of a result is for the key that it was fetched with, and no spelling or Host gets another's."""
    key = {"Authorization": "Bearer right"}

    def client(method, path, body=None, headers=None, **more):
        return request(port, method, path, body, {**(headers or {}), **key}, **more)

    answer = client("POST", "/deblur", small, {**PNG, "Prefer": "respond-async"})
    expect(answer.status, 202, "status")
    path = answer.headers["location"] + "/result"
    first = wait_for(lambda: (got := client("GET", path)).status == 200 and got, 30, "result")
    began, seen = time.time(), set()
    while time.time() < began + 4:  # Fresh, old, and made good again.
        identity = f"own-{time.time_ns()}"
        again = client("GET", path, headers={"X-Request-Id": identity})
        expect((again.status, again.body == first.body), (200, True), "with the key")
        expect(again.headers["x-request-id"], identity, "id of an answer from the cache")
        seen.add(again.headers["x-cache"])
        for fields in ("", "Authorization: Bearer wrong\r\n", "Authorization: Bearer\r\nAccept: right\r\n"):
            for target in (path, f"http://x{path}", f"/{path}", path.replace("result", "%72esult")):
                expect(status(ask(port, target, fields)) in (401, 404), True, f"refused: {target} {fields}")
        time.sleep(0.3)
    expect(seen, {"HIT", "REVALIDATED"}, "X-Cache")
    other = client("GET", f"{path.removesuffix('/result')}%2f..%2f{'0' * 32}/result")
    expect(other.status, 404, "another job's name")
