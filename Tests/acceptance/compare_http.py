"""`GET /healthz` here, on Hummingbird (SwiftNIO) and on nginx, measured by wrk in one run, by turns.

    swift build -c release --package-path Tests/acceptance/peers --scratch-path .build/peers
    python3 Tests/acceptance/compare_http.py [--rounds 5] [--seconds 5] [--connections 64]

wrk with one thread and keep-alive connections; medians over the rounds. Every server gets all cores, as it would by
itself: two event loops here, as many as there are cores on the others. None of them writes an access log. Holds: at
least as many requests per second as Hummingbird. Prints the table of docs/performance.md.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import time

from rig import ROOT, SHORT, Checks, expect, percentile, raw, service, start, wait_for, work_folder
from support import free_port, listening

PEER = ROOT / ".build/peers/release/hummingbird-peer"
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes auto;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 100000000;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; location = /healthz {{ default_type text/plain; return 200 "ok\\n"; }} }}
}}
"""


def hummingbird(folder):
    port = free_port()
    start([PEER, port], folder / "hummingbird.log")
    return port


def nginx(folder):
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    start([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"], folder / "nginx.log")
    return port


def measure(port, options):
    text = subprocess.run(
        [
            "wrk",
            "-t1",
            f"-c{options.connections}",
            f"-d{options.seconds}s",
            "--latency",
            f"http://127.0.0.1:{port}/healthz",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    expect("Non-2xx" in text or "Socket errors" in text, False, "trouble in:\n" + text)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return rate, float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3 if SHORT else 5)
    parser.add_argument("--seconds", type=int, default=2 if SHORT else 5)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        print("skipped: wrk is not installed")
        return 77
    folder = work_folder()
    ports = {"deblur": service().port}
    if PEER.exists():
        ports["Hummingbird 2.28.1"] = hummingbird(folder)
    else:
        print("note    Hummingbird is not built: see Tests/acceptance/README.md")
    if shutil.which("nginx") or os.path.exists("/usr/sbin/nginx"):
        ports["nginx"] = nginx(folder)
    results = {name: [] for name in ports}
    for name, port in ports.items():
        wait_for(lambda: listening(port), 20, f"{name} listens")
        answer = raw(port, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        expect(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"ok\n"), True, f"{name}'s answer {answer!r}")
        measure(port, argparse.Namespace(connections=options.connections, seconds=1))
    for round in range(options.rounds):
        names = list(ports)
        for name in names[round % len(names) :] + names[: round % len(names)]:
            results[name].append(measure(ports[name], options))
            time.sleep(0.2)
    rates = {name: statistics.median(rate for rate, _ in values) for name, values in results.items()}
    print("| server | requests/s, median | lowest to highest | p99, ms | ours is |\n|---|---|---|---|---|")
    for name, values in results.items():
        spread = f"{min(v[0] for v in values):,.0f} to {max(v[0] for v in values):,.0f}"
        ratio = "" if name == "deblur" else f"{rates['deblur'] / rates[name]:.2f} times that"
        p99 = percentile([v[1] for v in values], 0.5)
        print(f"| {name} | {rates[name]:,.0f} | {spread} | {p99:.1f} | {ratio} |")
    checks = Checks()
    # Seconds on a machine that others use say nothing: the short form measures whether this works, and judges nothing.
    if "Hummingbird 2.28.1" in rates and not SHORT:
        checks.run(
            "at least as many requests/s as Hummingbird",
            lambda: expect(rates["deblur"] >= rates["Hummingbird 2.28.1"], True, f"{rates}"),
        )
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
