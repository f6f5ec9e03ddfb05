"""What the acceptance scripts share: probes in processes of their own, a look from outside, statistics."""

import http.client
import json
import multiprocessing
import os
import re
import socket
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/deploy"))
from support import Checks, Service, expect, metric, png, request, send_only, start, stop, wait_for, work_folder  # noqa: E402, F401

SHORT = os.environ.get("ACCEPTANCE", "") == "short"


def service(*options, **more):
    """The real program on a free port, quiet about requests."""
    return Service(work_folder(), "service", "--log-level", "warning", *options, **more)


def raw(port, text, timeout=10.0):
    """Sends bytes, reads until the server ends the connection or the time is over."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as client:
        client.sendall(text if isinstance(text, bytes) else text.encode("latin-1"))
        return read_all(client)


def read_all(client):
    data = b""
    try:
        while piece := client.recv(1 << 16):
            data += piece
    except (TimeoutError, ConnectionError):
        pass
    return data


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def descriptors_at_rest(process):
    """Once the connections of earlier requests are gone: the least within a second."""
    counts = []
    for _ in range(20):
        counts.append(descriptors(process))
        time.sleep(0.05)
    return min(counts)


def memory(process, what="VmRSS"):
    """Bytes; VmHWM is the highest that VmRSS has been."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(rf"^{what}:\s+(\d+) kB", text, re.M).group(1)) * 1024


def metrics(connection):
    """All samples of /metrics by name with labels."""
    connection.request("GET", "/metrics")
    samples = {}
    for line in connection.getresponse().read().decode().splitlines():
        if line and line[0] != "#":
            name, value = line.rsplit(" ", 1)
            samples[name] = float(value)
    return samples


def total(samples, name, *parts):
    """The sum of a metric's samples whose labels contain all the parts."""
    return sum(
        value
        for key, value in samples.items()
        if (key == name or key.startswith(name + "{")) and all(part in key for part in parts)
    )


def connect(port, timeout=30):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def first():
    """Before everybody else on the processors: what a probe measures is then the service's delay and not its own."""
    try:
        os.nice(-15)
    except PermissionError:
        print("note    no right to a higher priority: the probe's own delays are in its figures")


class Probe:
    """Calls `look(state)` every so many seconds in a process of its own, until it is stopped; keeps what it returned.

    A failure is kept as well, as (time, None, text).
    """

    def __init__(self, seconds, look):
        self.over = multiprocessing.Event()
        self.receive, send = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.Process(target=self.run, args=(send, seconds, look), daemon=True)
        self.process.start()

    def run(self, send, seconds, look):
        first()
        samples, state = [], {}
        due = time.monotonic()
        while not self.over.is_set():
            began = time.monotonic()
            try:
                samples.append((began, time.monotonic() - began, look(state)))
                samples[-1] = (began, time.monotonic() - began, samples[-1][2])
            except Exception as error:  # Part of what is measured.
                samples.append((began, None, f"{type(error).__name__}: {error}"))
                state.clear()
            due = max(due + seconds, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
        send.send(samples)

    def stop(self):
        """[(time.monotonic() at its start, seconds it took or None, what was seen)]"""
        self.over.set()
        samples = self.receive.recv()
        self.process.join()
        return samples


class Health:
    """Asks for /healthz, by turns on a connection that is kept and on a new one."""

    def __init__(self, port):
        self.port = port

    def __call__(self, state):
        state["turn"] = not state.get("turn", False)
        if state["turn"]:
            connection = state.setdefault("kept", connect(self.port, 10))
        else:
            connection = connect(self.port, 10)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body = answer.read()
        if not state["turn"]:
            connection.close()
        if answer.status != 200 or body != b"ok\n":
            raise AssertionError(f"{answer.status} {body[:80]!r}")


def health_report(samples, p99):
    """Every one answered, and 99 of 100 within that many seconds."""
    failures = [text for _, seconds, text in samples if seconds is None]
    expect(failures[:3], [], f"failed health checks ({len(failures)} of {len(samples)})")
    times = [seconds for _, seconds, _ in samples]
    note = (
        f"{len(times)} health checks: median {1e3 * percentile(times, 0.5):.1f} ms, "
        f"p99 {1e3 * percentile(times, 0.99):.1f} ms, worst {1e3 * max(times):.1f} ms"
    )
    if percentile(times, 0.99) >= p99:
        raise AssertionError(note + f"; p99 has to be below {1e3 * p99:.0f} ms")
    return note


def problem(body):
    return json.loads(body)["code"]
