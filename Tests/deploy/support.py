"""What the deployment tests share: processes that are always ended, ports, pictures, an HTTP client that can be rude."""

import atexit
import http.client
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "Deploy"
PROGRAM = Path(os.environ.get("DEBLUR_PROGRAM", ROOT / ".build/release/deblur"))

_running = []


def end_all():
    for process in _running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.time() + 5
    for process in _running:
        try:
            process.wait(max(0.1, deadline - time.time()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


atexit.register(end_all)
# A test that is itself ended (CI's `timeout`, a kill) ends what it started.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def start(arguments, log, **more):
    """Starts a process that ends with this one at the latest; its output goes to the file `log`."""
    process = subprocess.Popen(
        [str(a) for a in arguments], stdout=open(log, "ab"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **more
    )
    _running.append(process)
    return process


def stop(process, seconds=10):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(condition, seconds, what):
    """What `condition` returns once it is true; fails when that takes too long. `what`: a text, or who tells it then."""
    deadline = time.time() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.time() > deadline:
            raise AssertionError(f"{what() if callable(what) else what}: not within {seconds} s")
        time.sleep(0.05)


class Answer:
    def __init__(self, response, seconds):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()
        self.seconds = seconds


def request(port, method, path, body=None, headers=None, timeout=600, connection=None):
    connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    began = time.time()
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    answer = Answer(response, 0)
    answer.seconds = time.time() - began
    return answer


def refused(port, path, length, headers=None):
    """A POST that is refused while it is sent: what a client sees that reads while it writes, as browsers and curl do."""
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: deblur.example.org",
        f"Content-Length: {length}",
        "Content-Type: image/png",
    ]
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send():
        try:
            for _ in range(0, length, 1 << 16):
                client.sendall(bytes(1 << 16))
        except OSError:
            pass  # The other side has said enough.

    sender = threading.Thread(target=send)
    sender.start()
    response = http.client.HTTPResponse(client)
    response.begin()
    answer = Answer(response, 0)
    client.close()
    sender.join()
    return answer


def metric(port, name, *labels):
    """The sum of a metric of the service over all label values, or over those that contain `labels`."""
    total = 0.0
    for line in request(port, "GET", "/metrics", timeout=20).body.decode().splitlines():
        if line.startswith(name) and line[len(name)] in " {" and all(label in line for label in labels):
            total += float(line.rsplit(" ", 1)[1])
    return total


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Service:
    """The real program on a port of its own."""

    def __init__(self, folder, name, *options, environment=None, port=None, confine=None):
        self.port = port or free_port()
        self.log = Path(folder) / f"{name}.log"
        self.process = start(
            [PROGRAM, "serve", "--port", self.port, "--drain", "2s", *options],
            self.log,
            env={**os.environ, **(environment or {})},
            preexec_fn=confine,
        )
        wait_for(self.ready, 60, f"{name} ready")

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended: {self.log.read_text()[-2000:]}")
        try:
            return request(self.port, "GET", "/readyz", timeout=5).status == 200
        except OSError:
            return False


def png(width, height, kind="gradient", seed=1):
    """An RGB picture: `noise` does not compress (3 bytes a pixel), `gradient` does."""
    source = random.Random(seed)
    ramp = bytes(step * 255 // (width + height) for step in range(width + height) for _ in range(3))
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        rows += source.randbytes(width * 3) if kind == "noise" else ramp[3 * y : 3 * (y + width)]

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(rows), 1))
        + chunk(b"IEND", b"")
    )


def send_only(port, path, body, headers=None):
    """A POST whose answer nobody waits for: the open socket."""
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: deblur.example.org",
        f"Content-Length: {len(body)}",
        "Content-Type: image/png",
        *(headers or []),
    ]
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
    return client


def work_folder():
    folder = tempfile.mkdtemp(prefix="deblur-deploy-")
    os.chmod(folder, 0o755)
    if not os.environ.get("KEEP"):
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


class Skipped(Exception):
    """What a check needs is not here."""


class Checks:
    """Runs named checks and says how each went, at the end by the exit status: 1 where one failed, 77 where one was skipped."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []

    def run(self, name, check, *arguments):
        began = time.time()
        try:
            note = check(*arguments) or ""
            self.passed += 1
            print(f"ok      {name}  ({time.time() - began:.1f} s) {note}", flush=True)
        except Skipped as reason:
            self.skip(name, reason)
        except Exception as error:  # A failed check must not keep the others from being seen.
            self.failures.append(name)
            print(f"FAILED  {name}: {type(error).__name__}: {error}", flush=True)

    def skip(self, name, reason):
        self.skips.append(f"{name}: {reason}")
        print(f"SKIPPED {name}: {reason}", flush=True)

    def finish(self):
        if self.skips:
            print(f"skipped: {'; '.join(self.skips)}")
        skipped = f", {len(self.skips)} skipped" if self.skips else ""
        print(f"{self.passed} passed, {len(self.failures)} failed{skipped}", flush=True)
        return 1 if self.failures else 77 if self.skips else 0


def expect(actual, wanted, what):
    if actual != wanted:
        raise AssertionError(f"{what}: {actual!r}, not {wanted!r}")
