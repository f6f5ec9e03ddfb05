"""The real service behind each proxy: large uploads, slow photos, refusals, clients that leave, clients that attack.

    python3 Tests/deploy/test_service.py [--long] [nginx] [haproxy] [caddy]

--long adds a photo that takes over 90 s through every proxy, all of them at once.
"""

import http.client
import json
import sys
import threading
import time

import proxy
from hostile import Hostile, results_need_their_key
from support import Checks, Service, expect, metric, png, refused, request, send_only, wait_for, work_folder

PNG = {"Content-Type": "image/png"}
# One thread of the plainest kernels: slow on every machine, so that there is time to leave and to overfill a queue.
SLOW = {"DEBLUR_KERNELS": "portable"}


class Behind:
    """Proxies in front of a fast and of a slow, narrow service."""

    def __init__(self, name, folder, fast, narrow):
        self.fast, self.narrow = fast, narrow
        self.wide = proxy.Proxy(name, folder / f"{name}-fast", [fast.port])
        self.tight = proxy.Proxy(name, folder / f"{name}-narrow", [narrow.port])

    def stop(self):
        self.wide.stop()
        self.tight.stop()

    def large_upload(self, picture, direct):
        answer = request(self.wide.port, "POST", "/deblur?exit=1", picture, PNG)
        expect(answer.status, 200, "status")
        expect(answer.headers["etag"], direct.headers["etag"], "ETag")
        expect(answer.body == direct.body, True, "bytes equal to those without a proxy")
        for field in ("deblur-tiles", "deblur-exits", "deblur-model", "server-timing", "x-request-id"):
            if field not in answer.headers:
                raise AssertionError(f"{field} is missing")
        return f"{len(picture) / 1e6:.1f} MB up, {len(answer.body) / 1e6:.1f} MB down in {answer.seconds:.1f} s"

    def one_connection_for_many(self, small):
        client = http.client.HTTPConnection("127.0.0.1", self.wide.port, timeout=60)
        bodies = {request(self.wide.port, "POST", "/deblur", small, PNG, connection=client).body for _ in range(5)}
        expect(len(bodies), 1, "different answers to one photo")
        expect(
            request(self.wide.port, "GET", "/healthz", connection=client).status, 200, "health on the same connection"
        )

    def page_and_contract_pass_unchanged(self):
        for path in ("/", "/openapi.yaml", "/model"):
            direct, behind = (
                request(port, "GET", path, headers={"X-Request-Id": "same"})
                for port in (self.fast.port, self.wide.port)
            )
            expect((behind.status, behind.body), (direct.status, direct.body), path)
            for field in ("content-type", "etag", "cache-control", "content-security-policy"):
                expect(behind.headers.get(field), direct.headers.get(field), f"{field} of {path}")

    def refusals_pass_unchanged(self):
        answer = request(self.wide.port, "POST", "/deblur", b"no picture", {"Content-Type": "text/plain"})
        expect((answer.status, json.loads(answer.body)["code"]), (415, "unsupported_media_type"), "415")
        if "accept-post" not in answer.headers:
            raise AssertionError("no Accept-Post")
        server = answer.headers.get("server", "")
        if any(letter.isdigit() for letter in server):
            raise AssertionError(f"a version is told: {server}")
        answer = request(self.wide.port, "POST", "/deblur?strength=7", b"\x89PNG", PNG)
        expect((answer.status, json.loads(answer.body)["code"]), (400, "bad_parameter"), "400")

    def too_large_for_the_service(self):
        """413 of the service (1 MiB here), not of the proxy (64 MiB), while the client is still sending."""
        for megabytes in (2, 30):
            answer = refused(self.tight.port, "/deblur", megabytes << 20)
            problem = json.loads(answer.body)
            expect(answer.status, 413, f"status for {megabytes} MiB")
            expect(answer.headers["content-type"], "application/problem+json", "Content-Type")
            expect(problem["limit"], 1 << 20, "limit")

    def full_queue(self, long_photo):
        first = send_only(self.tight.port, "/deblur?exit=2", long_photo)
        try:
            wait_for(lambda: metric(self.narrow.port, "deblur_queue_tiles") > 0, 20, "tiles waiting")
            answer = request(self.tight.port, "POST", "/deblur", long_photo, PNG)
            problem = json.loads(answer.body)
            expect((answer.status, problem["code"]), (429, "queue_full"), "status")
            seconds = int(answer.headers["retry-after"])
            if seconds < 1:
                raise AssertionError(f"Retry-After {seconds}")
        finally:
            first.close()
        wait_for(lambda: metric(self.narrow.port, "deblur_workers_busy") == 0, 20, "workers idle")
        return f"Retry-After {seconds}"

    def client_leaves(self, long_photo):
        before = metric(self.narrow.port, "deblur_cancelled_total")
        client = send_only(self.tight.port, "/deblur?exit=2", long_photo)
        wait_for(lambda: metric(self.narrow.port, "deblur_workers_busy") > 0, 20, "worker busy")
        left = time.time()
        client.close()
        wait_for(lambda: metric(self.narrow.port, "deblur_cancelled_total") == before + 1, 10, "counted as cancelled")
        wait_for(
            lambda: metric(self.narrow.port, "deblur_workers_busy") == 0
            and metric(self.narrow.port, "deblur_queue_tiles") == 0
            and metric(self.narrow.port, "deblur_memory_reserved_bytes") == 0,
            10,
            "nothing left of it",
        )
        return f"work stopped {time.time() - left:.2f} s after the client left"


def slow_photos(proxies, service, seconds):
    """One photo through every proxy at once; tiles take turns, so all of them take as long as all together."""
    tile = png(384, 384)
    one = min(request(service.port, "POST", "/deblur?exit=2", tile, PNG).seconds for _ in range(2))
    tiles = int(seconds * 1.3 / one / len(proxies)) + 1
    columns = 8
    rows = -(-tiles // columns)
    picture = png(32 + 352 * columns, 32 + 352 * rows)
    answers = {}

    def post(one_proxy):
        answers[one_proxy.name] = request(one_proxy.port, "POST", "/deblur?exit=2", picture, PNG, timeout=880)

    threads = [threading.Thread(target=post, args=(one_proxy,)) for one_proxy in proxies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect({name: answer.status for name, answer in answers.items()}, {p.name: 200 for p in proxies}, "statuses")
    expect(len({answer.body for answer in answers.values()}), 1, "different results")
    quickest = min(answer.seconds for answer in answers.values())
    if quickest < seconds:
        raise AssertionError(f"only {quickest:.0f} s: not slow enough to prove anything")
    return ", ".join(f"{name} {answer.seconds:.0f} s" for name, answer in sorted(answers.items()))


def main():
    arguments = [a for a in sys.argv[1:] if a != "--long"]
    checks, folder = Checks(), work_folder()
    names = [name for name in arguments or proxy.NAMES if proxy.program(name)]
    for name in set(arguments or proxy.NAMES) - set(names):
        checks.skip(name, "not installed")
    fast = Service(folder, "fast", "--trust-proxy", "127.0.0.1")
    narrow = Service(folder, "narrow", "--threads", "1", "--queue", "8", "--max-body", "1MiB", environment=SLOW)
    picture = png(2600, 2600, "noise")
    direct = request(fast.port, "POST", "/deblur?exit=1", picture, PNG)
    small, long_photo = png(300, 200), png(32 + 352 * 4, 32 + 352 * 3)
    for name in names:
        behind = Behind(name, folder, fast, narrow)
        checks.run(f"{name}: a 20 MB upload", behind.large_upload, picture, direct)
        checks.run(f"{name}: one connection for many", behind.one_connection_for_many, small)
        checks.run(f"{name}: page and contract pass unchanged", behind.page_and_contract_pass_unchanged)
        checks.run(f"{name}: refusals pass unchanged", behind.refusals_pass_unchanged)
        checks.run(f"{name}: 413 of the service", behind.too_large_for_the_service)
        checks.run(f"{name}: 429 with Retry-After", behind.full_queue, long_photo)
        checks.run(f"{name}: a client that leaves stops the work", behind.client_leaves, long_photo)
        hostile = Hostile(name, behind.wide.port, fast)
        checks.run(f"{name}: inside routes stay inside", hostile.inside_routes_stay_inside)
        checks.run(f"{name}: nothing is smuggled", hostile.nothing_is_smuggled)
        checks.run(f"{name}: odd heads", hostile.odd_heads)
        checks.run(f"{name}: request ids", hostile.ids_are_the_service_s)
        if name != "caddy":
            checks.run(f"{name}: one client cannot hold all", hostile.one_client_cannot_hold_all)
        behind.stop()
    if "nginx" in names:
        (folder / "keys").write_text("right\n")
        locked = Service(folder, "locked", "--api-key-file", folder / "keys")
        cache = proxy.Proxy("nginx", folder / "nginx-locked", [locked.port])
        checks.run("nginx: results need their key", results_need_their_key, cache.port, small)
        cache.stop()
    if "--long" in sys.argv:
        slow = Service(folder, "slow", "--threads", "1", "--queue", "4096", environment=SLOW)
        proxies = [proxy.Proxy(name, folder / f"{name}-slow", [slow.port]) for name in names]
        checks.run("photos that take over 90 s", slow_photos, proxies, slow, 91)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
