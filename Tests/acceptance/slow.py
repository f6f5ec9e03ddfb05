"""500 clients that are slow on purpose (Debian's slowhttptest), three kinds after each other.

    python3 Tests/acceptance/slow.py [--connections 500] [--limit 4]

Slow headers, slow bodies, slow reading of pipelined answers; and a few that read a large answer slowly. The service
runs with --header-timeout, --body-timeout, --write-timeout and --idle-timeout of --limit seconds. Holds, for each
kind:

- every health check meanwhile is answered (a process of its own asks 50 times a second), p99 below 50 ms;
- every slow connection is ended by the service within its limit: the time for which the kernel shows the service's
  end of it as established is at most the limit and 1 s (the service looks at its clocks every 0.25 s, this script at
  the kernel's table as often). A body's limit grows by a second per KiB that came, which is far more than these
  clients send. Answers that the kernel has taken whole count as sent, so that a slow reader of short answers may meet
  two limits, that for writing and that for an idle connection;
- all 500 were there, at one time at least 90 of 100 of them;
- afterwards no descriptor more than before.
"""

import argparse
import shutil
import socket
import subprocess
import time

from rig import (
    SHORT,
    Checks,
    Health,
    Probe,
    descriptors,
    descriptors_at_rest,
    expect,
    health_report,
    percentile,
    png,
    service,
    start,
    wait_for,
    work_folder,
)


class Table:
    """The ports of the clients that the kernel shows as connected to the service."""

    def __init__(self, port):
        self.port = port

    def __call__(self, state):
        rows = subprocess.run(
            ["ss", "-Htn", "state", "established", f"sport = :{self.port}"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        return [int(row.rsplit(None, 1)[1].rsplit(":", 1)[1]) for row in rows]


def lives(samples):
    """Seconds for which each connection was seen, and the most seen at once."""
    seen = {}
    for at, _, ports in samples:
        for port in ports:
            first, _ = seen.get(port, (at, at))
            seen[port] = (first, at)
    return [last - first for first, last in seen.values()], max(len(ports) for _, _, ports in samples)


def limited(options):
    return service(*(f"--{what}-timeout={options.limit}s" for what in ("header", "body", "write", "idle")))


def attack(path, arguments, limits, options):
    running = limited(options)
    before = descriptors_at_rest(running.process)
    health, table = Probe(0.02, Health(running.port)), Probe(0.25, Table(running.port))
    # It ends by itself when all of its connections are ended, or after -l seconds.
    command = [
        "slowhttptest",
        *arguments,
        "-c",
        options.connections,
        "-r",
        options.connections,
        "-l",
        4 * options.limit,
    ]
    attacker = start([*command, "-u", f"http://127.0.0.1:{running.port}{path}"], work_folder() / "slowhttptest.log")
    attacker.wait(10 * options.limit)
    time.sleep(1)
    health, table = health.stop(), table.stop()
    note = health_report(health, 0.05)
    times, most = lives(table)
    # The one that lived longest is the probe's, which is kept; its others are too short to be among so many.
    slow = sorted(times)[-options.connections - 1 : -1]
    expect(
        len(slow) == options.connections and most >= 0.9 * options.connections,
        True,
        f"all connected: {len(slow)}, {most}",
    )
    note = (
        f"{most} at once; ended after {slow[0]:.1f} to {slow[-1]:.1f} s (median {percentile(slow, 0.5):.1f}); " + note
    )
    expect(slow[-1] <= limits * options.limit + 1, True, f"ended within {limits} × {options.limit} + 1 s: {note}")
    wait_for(lambda: descriptors(running.process) <= before, 20, "descriptors given back")
    return note


def large_answers(options):
    """An answer of 7 MB is more than the kernel takes (4 MB) for a client that reads 32 bytes a second."""
    running = limited(options)
    before = descriptors_at_rest(running.process)
    clients = []
    for _ in range(2):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", running.port))
        photo = png(1800, 1300, "noise")
        head = f"POST /deblur?exit=1&format=png HTTP/1.1\r\nHost: a\r\nContent-Length: {len(photo)}\r\n\r\n"
        client.sendall(head.encode() + photo)
        clients.append(client)
    expect([client.recv(12) for client in clients], [b"HTTP/1.1 200"] * 2, "answers")
    began = time.monotonic()
    table = Table(running.port)
    while table({}):
        expect(time.monotonic() - began < 10 * options.limit, True, "the slow readers were ended")
        time.sleep(0.25)
        for client in clients:
            client.recv(8)
    seconds = time.monotonic() - began
    expect(seconds <= options.limit + 1, True, f"{len(clients)} ended after {seconds:.1f} s")
    # Reset: nothing waits in the kernel for them.
    rows = subprocess.run(
        ["ss", "-Htan", f"sport = :{running.port}"], capture_output=True, text=True, check=True
    ).stdout
    expect(
        [row for row in rows.splitlines() if not row.startswith(("LISTEN", "TIME-WAIT"))],
        [],
        "connections in the kernel",
    )
    wait_for(lambda: descriptors(running.process) <= before, 20, "descriptors given back")
    return f"{len(clients)} ended after {seconds:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--limit", type=int, default=2 if SHORT else 4, help="seconds")
    options = parser.parse_args()
    if not shutil.which("slowhttptest") or not shutil.which("ss"):
        print("skipped: slowhttptest or ss (iproute2) is not installed")
        return 77
    print(f"slow: {options.connections} connections, limits of {options.limit} s")
    checks = Checks()
    checks.run("slow headers", attack, "/deblur", ["-H", "-i", 1, "-x", 24, "-t", "GET"], 1, options)
    body = ["-B", "-i", 1, "-x", 24, "-s", 65536, "-f", "image/png"]
    checks.run("slow bodies", attack, "/deblur", body, 1, options)
    # Ten answers of 12 kB or more, a window of at most 512 bytes, 32 bytes read per second.
    reading = ["-X", "-k", 10, "-w", 256, "-y", 512, "-n", 1, "-z", 32]
    checks.run("slow reading", attack, "/openapi.yaml", reading, 2, options)
    checks.run("slow reading of large answers", large_answers, options)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
