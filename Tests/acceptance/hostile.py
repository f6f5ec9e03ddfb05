"""What hostile or clumsy clients send to the real service, byte by byte, and what has to come back.

    python3 Tests/acceptance/hostile.py [--connections 64]

Tests/HTTPTests try the server alone; this tries the program with its real routes, limits and page: smuggling shapes,
pipelined rubbish, thousands of chunks or headers, the connection cap, Expect, early 413, static files, path tricks,
Unix socket, IPv6, odd forms. After each group the service has to be alive and to have kept no connection.
"""

import argparse
import collections
import gzip
import os
import random
import socket
import threading
import time

from rig import (
    Checks,
    connect,
    descriptors,
    descriptors_at_rest,
    expect,
    metrics,
    raw,
    read_all,
    request,
    service,
    start,
    stop,
    wait_for,
    work_folder,
)
from broken_chunks import BROKEN_CHUNKS  # rig knows where
from hostile_content import Content
from support import PROGRAM, free_port
from wire import HOST, PICTURE, get, post, statuses

# Half of the noise is in the body or names other routes and methods.
ALLOWED = {200, 400, 404, 405, 408, 411, 413, 414, 415, 417, 421, 422, 431, 501, 505, "closed"}


class Hostile(Content):
    def __init__(self, options):
        self.options = options
        self.service = service("--max-connections", options.connections, "--max-body", "1MiB")
        self.port = self.service.port
        self.before = descriptors_at_rest(self.service.process)

    def ask(self, data, wanted, what=None):
        """`wanted`: the statuses in order; or the last alone."""
        got = statuses(raw(self.port, data, 15))
        if (got if isinstance(wanted, list) else got[-1:]) != (wanted if isinstance(wanted, list) else [wanted]):
            raise AssertionError(f"{what or data[:200]!r}: {got}, not {wanted}")

    def smuggling(self):
        """One answer of 400 (or 501) and the end: what follows is never read as a request of its own."""
        inner = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        shapes = [
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
            "Content-Length: 0\r\nContent-Length: 0\r\n",
            "Content-Length: 0\r\nContent-Length: 34\r\n",
            "Content-Length: 0, 0\r\n",
            "Content-Length: +0\r\n",
            "Content-Length: -0\r\n",
            "Content-Length: 0x0\r\n",
            "Content-Length: 0 0\r\n",
            "Content-Length : 0\r\n",
            "Content-Length\t: 0\r\n",
            " Content-Length: 0\r\n",
            "X: y\r\n Content-Length: 0\r\n",
            "Content-Length:\r\n 0\r\n",
            "Content-Length: 0\rX: y\r\n",
            "Content-Length: 0\nX: y\r\n",
            "Content-Length: 0\0\r\n",
            "Content-Length: 18446744073709551616x\r\n",
            "Transfer-Encoding: xchunked, chunked, x\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
            "Transfer-Encoding: chunked;a=b\r\n",
            "Transfer-Encoding: \x0bchunked\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
            'Transfer-Encoding: "chunked"\r\n',
            "Transfer_Encoding: chunked\r\nContent-Length: 0\r\nContent-Length: 1\r\n",
            "Transfer-Encoding: ,chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding\xa0: chunked\r\n",
        ]
        for shape in shapes:
            for path in ("/deblur", "/healthz"):
                self.ask(post(shape, b"0\r\n\r\n" + inner, path), [400])
        for coding in ("gzip", "identity", "chunkedx", "gzip, chunked"):
            self.ask(post(f"Transfer-Encoding: {coding}\r\n", b"0\r\n\r\n" + inner), [501])
        self.ask(post("Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + inner, version="1.0"), [400])
        # A sound body that is refused is skipped, and no part of it is a request.
        self.ask(post("Content-Type: text/css\r\nContent-Length: 34\r\n", inner + get("/healthz")), [415, 200])
        chunks = [*BROKEN_CHUNKS, b"-1\r\nZ\r\n", b"\r\n1\r\nZ\r\n", b"0\r\n X: y\r\n\r\n"]
        for chunk in chunks:
            got = statuses(raw(self.port, post("Transfer-Encoding: chunked\r\n", chunk + inner), 15))
            expect(got[-1] == 400 and got.count(200) == 0, True, f"{chunk!r}: {got}")
        return f"{2 * len(shapes) + len(chunks) + 6} shapes"

    def pipelines(self):
        good = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        for rubbish in (
            b"\0" * 100,
            b"\x16\x03\x01\x02\x00",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET / \r\n\r\n",
            b"\xff" * 9,
        ):
            wanted = 505 if rubbish.startswith(b"PRI") else 400
            self.ask(good * 3 + rubbish + good, [200, 200, 200, wanted])
        self.ask(good * 2000 + get("/healthz"), [200] * 2001, "2001 pipelined requests")
        slow = post(f"Content-Length: {len(PICTURE)}\r\n", PICTURE)
        self.ask(slow + good + slow + get("/healthz"), [200, 200, 200, 200], "work between short requests")

    def heads(self):
        self.ask(b"GET /healthz HTTP/1.1\r\n" + HOST.encode() + b"X: y\r\n" * 100_000, 431, "100,000 header lines")
        self.ask(b"GET /healthz HTTP/1.1\r\n" + HOST.encode() + b"X: " + b"y" * 10_000_000, 431, "a line of 10 MB")
        self.ask(b"GET /" + b"a" * 10_000_000, 414, "a target of 10 MB")
        self.ask(b"A" * 1_000_000, 414, "a method of 1 MB")
        self.ask(b"\r\n" * 1000 + get("/healthz"), 400, "a thousand empty lines")
        for host in ("", "a b", "a,b", "a@b", "a:x", "a:70000", "[::1", "a/b", "b\xfccher", "a%zz", "a\0", "a#b"):
            self.ask(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n", [400])
        self.ask("GET /healthz HTTP/1.1\r\n\r\n", [400])
        self.ask("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", [400])
        self.ask("GET http://other.example/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", [200])
        self.ask("GET http://u@other.example/healthz HTTP/1.1\r\nHost: a\r\n\r\n", [400])
        self.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", [200])
        self.ask("GET /healthz HTTP/1.0\r\n\r\n", [200])
        for line, wanted in (("GET /healthz", 400), ("GET /healthz HTTP/2.0", 505), ("GET /healthz HTTP/0.9", 505)):
            self.ask(f"{line}\r\n\r\n", [wanted])
        for method, wanted in (
            ("BREW", 501),
            ("get", 501),
            ("CONNECT", 400),
            ("TRACE", 405),
            ("DELETE", 405),
            ("QUERY", 405),
        ):
            self.ask(f"{method} /healthz HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n", [wanted])

    def bodies(self):
        tiny = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in PICTURE)
        self.ask(
            post("Transfer-Encoding: chunked\r\nConnection: close\r\n", tiny + b"0\r\n\r\n"),
            [200],
            "chunks of one byte",
        )
        junk = b"1;a=b\r\nx\r\n" * 10_000 + b"0\r\n\r\n"
        self.ask(post("Transfer-Encoding: chunked\r\nConnection: close\r\n", junk), [415], "10,000 chunks of one byte")
        self.ask(post("Transfer-Encoding: chunked\r\n", b"1;" + b"a" * 100_000), [400], "an endless extension")
        self.ask(post("Transfer-Encoding: chunked\r\n", b"0\r\n" + b"X: y\r\n" * 100_000), [431], "endless trailers")
        self.ask(
            post("Transfer-Encoding: chunked\r\n", b"ffff\r\n" + b"x" * 0xFFFF + b"\r\nfffff\r\n"),
            [413],
            "over the limit",
        )
        # Refused before the body, and the answer reaches a client that goes on sending.
        for expectation in ("", "Expect: 100-continue\r\n"):
            data = post(f"{expectation}Content-Length: 20000000\r\n")
            self.ask(data, [413])
            self.ask(data + bytes(20_000_000), [413], "413 while 20 MB are being sent")
        self.ask(post("Expect: a-miracle\r\nContent-Length: 5\r\n", b"hello" + get("/healthz")), [417, 200])
        self.ask(
            post(f"Expect: 100-continue\r\nConnection: close\r\nContent-Length: {len(PICTURE)}\r\n", PICTURE), [200]
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(post(f"Expect: 100-continue\r\nConnection: close\r\nContent-Length: {len(PICTURE)}\r\n"))
            expect(client.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n", "the interim answer")
            client.sendall(PICTURE)
            expect(statuses(read_all(client)), [200], "the answer after it")
        self.ask(
            post(
                "Content-Encoding: gzip\r\nConnection: close\r\n" f"Content-Length: {len(gzip.compress(PICTURE))}\r\n",
                gzip.compress(PICTURE),
            ),
            [415],
        )
        self.ask(post("Content-Length: 0\r\nConnection: close\r\n"), [400])

    def sockets(self):
        path = work_folder() / "s"
        other = start([PROGRAM, "serve", "--unix-socket", path, "--drain", "1s"], work_folder() / "log")
        wait_for(lambda: os.path.exists(path), 20, "the Unix socket")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(path))
            client.sendall(get("/healthz"))
            expect(statuses(read_all(client)), [200], "over the Unix socket")
        other.terminate()
        other.wait(20)
        expect(path.exists(), False, "the socket's file is gone with the service")
        port = free_port()
        other = start([PROGRAM, "serve", "--host", "::1", "--port", port], work_folder() / "log")
        with wait_for(lambda: connected("::1", port), 20, "IPv6") as client:
            client.sendall(get("/healthz").replace(b"Host: a", f"Host: [::1]:{port}".encode()))
            expect(statuses(read_all(client)), [200], "over IPv6")
        stop(other)

    def cap(self):
        """Health is answered although strangers hold all connections there may be, whatever they do with them."""
        limit = self.options.connections
        notes = []
        for name, data in (
            ("silent", b""),
            ("half a head", b"GET /healthz HTTP/1.1\r\nHos"),
            ("refused and not closing", b"POST /deblur HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"),
            ("idle after an answer", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
        ):
            crowd = []
            for _ in range(6 * limit + 200):
                client = socket.create_connection(("127.0.0.1", self.port), timeout=20)
                client.sendall(data)
                crowd.append(client)
            began = time.monotonic()
            for _ in range(3):
                self.ask(get("/healthz"), [200], f"health against {name}")
            notes.append(f"{name} {1e3 * (time.monotonic() - began) / 3:.0f} ms")
            for client in crowd:
                client.close()
            wait_for(lambda: descriptors(self.service.process) <= self.before, 20, f"connections ended after: {name}")
        return f"{6 * limit + 200} connections, {limit} allowed; health takes: " + ", ".join(notes)

    def noise(self):
        """Random bytes, and sound requests with random bytes in them, from several clients at once."""

        def client(seed):
            source = random.Random(seed)
            for _ in range(150):
                data = bytearray(post(f"Content-Length: {len(PICTURE)}\r\nConnection: close\r\n", PICTURE))
                for _ in range(source.randint(1, 6)):
                    data[source.randrange(80)] = source.randrange(256)
                try:
                    with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                        connection.sendall(bytes(data))
                        connection.shutdown(socket.SHUT_WR)
                        for status in statuses(read_all(connection)) or ["closed"]:
                            seen[status] += 1
                            expect(status in ALLOWED, True, f"{status} to {bytes(data)!r}")
                except OSError:
                    seen["broken"] += 1
                except AssertionError as error:
                    faults.append(str(error))

        faults, seen = [], collections.Counter()
        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(faults[:3], [], "answers to noise")
        return dict(seen.most_common())

    def alive(self):
        expect(self.service.process.poll(), None, "the service lives")
        expect(request(self.port, "POST", "/deblur", PICTURE).status, 200, "a photo after all of it")
        wait_for(lambda: descriptors(self.service.process) <= self.before, 20, "descriptors given back")
        note = f"{descriptors(self.service.process)} descriptors, {self.before} before"
        samples = metrics(connect(self.port))
        for name in ("deblur_memory_reserved_bytes", "deblur_queue_tiles", "deblur_workers_busy"):
            expect(samples[name], 0, name)
        return note


def connected(host, port):
    try:
        return socket.create_connection((host, port), timeout=10)
    except OSError:
        return None


GROUPS = ["smuggling", "pipelines", "heads", "bodies", "files", "forms", "sockets", "cap", "noise", "alive"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=64, help="--max-connections of the service")
    parser.add_argument("--only", nargs="+", default=GROUPS, choices=GROUPS)
    options = parser.parse_args()
    hostile = Hostile(options)
    checks = Checks()
    for check in options.only:
        checks.run(check, getattr(hostile, check))
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
