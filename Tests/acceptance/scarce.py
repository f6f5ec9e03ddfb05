"""Where the system gives little, and where much comes at once: what was survived before still is.

    python3 Tests/acceptance/scarce.py [--only memory descriptors …]

memory       the address space of the process ends while a large photo is decoded or encoded, at many sizes of what is left:
             200 or a clean 503 with Retry-After each time, the process lives, and then a photo is done
descriptors  `ulimit -n 64`: connections are capped by it, health answers beyond the cap, and photos do once they are gone
heads        heads of 64 KiB, full of Accept: a request takes less than 5 ms of processor time
idle         3,000 connections that say nothing: health answers, and a neighbour's photo
unread       600 clients that ask and read nothing: the same
events       505 event streams of a job, at once: each gets its end
cancels      1,200 photos whose senders leave: nothing stays reserved
pipelined    10,000 requests on one connection: as many answers
disk         a full state folder: 507 for jobs, 200 for photos, and jobs again once there is room (needs root, for a tmpfs)
kills        20 ends by SIGKILL amid jobs: every accepted one is there at the end, done
"""

import argparse
import http.client
import json
import random
import resource
import socket
import subprocess
import threading
import time

from outages import ATTACKER, MEGABYTE, SMALL, ask, open_post, seconds_of
from rig import (
    SHORT,
    Checks,
    connect,
    descriptors_at_rest,
    expect,
    memory,
    metrics,
    png,
    read_all,
    service,
    stop,
    total,
    wait_for,
    work_folder,
)
from support import Skipped

ASYNCHRONOUS = {"Prefer": "respond-async"}
RANDOM = random.Random(7)


def alive(port):
    """Health within a second, and a photo."""
    began = time.monotonic()
    expect(ask(port, "GET", "/healthz", timeout=10).body, b"ok\n", "health")
    health = time.monotonic() - began
    answer = ask(port, "POST", "/deblur?exit=1", SMALL)
    expect(answer.status, 200, "a neighbour's photo")
    return f"health after {1e3 * health:.0f} ms, a photo after {time.monotonic() - began - health:.1f} s"


def nothing_reserved(port):
    def is_quiet():
        samples = metrics(connect(port))
        names = ("deblur_memory_reserved_bytes", "deblur_queue_tiles", "deblur_workers_busy")
        return not any(samples[name] for name in names)

    wait_for(is_quiet, 60, "nothing is reserved")


def many(count, request=b"", source=ATTACKER):
    """So many connections; those that are refused at once count as well."""
    clients = []
    for _ in range(count):
        try:
            client = socket.create_connection(("127.0.0.1", many.port), timeout=10, source_address=(source, 0))
            if request:
                client.sendall(request)
            clients.append(client)
        except OSError:
            pass
    return clients


class Scarce:
    def memory(self):
        target = service("--memory-budget", "1GiB", "--queue", 100_000)
        # Much in little: pixels that are all alike, and noise as a JPEG that is to become a PNG of 40 MB.
        deadline = "/deblur?deadline=0.001&format=png"
        noise = ask(target.port, "POST", "/deblur?deadline=0.001&format=jpeg&quality=50", png(4000, 3000, "noise"), timeout=300)
        expect((noise.status, len(noise.body) < 12 * MEGABYTE), (200, True), "a JPEG of noise")
        photos = [(png(6000, 4000), "image/png"), (noise.body, "image/jpeg")]
        expect(ask(target.port, "POST", "/deblur?exit=1", SMALL).status, 200, "a photo in peace")
        statuses = []
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        for left in range(30, 260, 32 if SHORT else 8):
            for photo, kind in photos:
                used = memory(target.process, "VmSize")
                resource.prlimit(target.process.pid, resource.RLIMIT_AS, (used + left * MEGABYTE, resource.RLIM_INFINITY))
                try:
                    answer = ask(target.port, "POST", deadline, photo, {"Content-Type": kind}, timeout=300)
                finally:
                    expect(target.process.poll(), None, f"the process with {left} MiB left")
                    resource.prlimit(target.process.pid, resource.RLIMIT_AS, unlimited)
                statuses.append(answer.status)
                if answer.status == 503:
                    expect(json.loads(answer.body)["code"], "queue_full", "the code")
                    expect(answer.headers.get("retry-after", "").isdigit(), True, "Retry-After")
                else:
                    expect(answer.status, 200, f"the answer with {left} MiB left")
        expect({200, 503} <= set(statuses), True, f"both happen: {statuses}")
        nothing_reserved(target.port)
        note = alive(target.port)
        stop(target.process)
        return f"{statuses.count(503)} times 503, {statuses.count(200)} times 200; then {note}"

    def descriptors(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        target = service(confine=limit)
        before = descriptors_at_rest(target.process)
        many.port = target.port
        clients = many(200, b"GET / HTTP/1.1\r\nHos")
        times = []
        for _ in range(20):
            began = time.monotonic()
            # The first one stands behind those that wait to be let in: eight are, four times a second.
            expect(ask(target.port, "GET", "/healthz", timeout=30).status, 200, "health beyond the cap")
            times.append(time.monotonic() - began)
        expect((times[0] < 200 / 8 / 4 + 5, max(times[1:]) < 2), (True, True), f"in time: {times}")
        for client in clients:
            client.close()
        wait_for(lambda: descriptors_at_rest(target.process) <= before, 30, "descriptors given back")
        note = alive(target.port)
        stop(target.process)
        return f"health after {times[0]:.1f} s, then at most {max(times[1:]):.2f} s; {before} descriptors in peace; then {note}"

    def heads(self):
        target = service()
        count, line = 100, "image/png;q=0.1, "
        accept = (line * (64_000 // len(line)))[:-2]
        notes = []
        for name, fields in (
            ("of one line", [f"Accept: {accept}"]),
            ("of short lines", [f"Accept: {line[:-2]}"] * 90),
            ("of nothing but commas", ["Accept: " + "," * 64_000]),
        ):
            text = "\r\n".join(["POST /deblur HTTP/1.1", "Host: a", "Content-Length: 0", *fields]) + "\r\n\r\n"
            with socket.create_connection(("127.0.0.1", target.port), timeout=30) as client:
                response = None
                before = seconds_of(target.process)
                for _ in range(count):
                    client.sendall(text.encode())
                    response = http.client.HTTPResponse(client)
                    response.begin()
                    response.read()
                    if response.getheader("Connection") == "close":
                        break
                each = (seconds_of(target.process) - before) / count
            notes.append(f"{len(text) >> 10} KiB {name}: {1e3 * each:.2f} ms, {response.status}")
            if each >= 0.005:
                raise AssertionError("; ".join(notes))
        stop(target.process)
        return "; ".join(notes)

    def crowd(self, count, request, least):
        target = service("--max-connections", 1024)
        many.port = target.port
        clients = many(count, request)
        note = alive(target.port)
        expect(len(clients) >= least, True, f"{len(clients)} connections")
        for client in clients:
            client.close()
        nothing_reserved(target.port)
        wait_for(lambda: descriptors_at_rest(target.process) < 40, 30, "descriptors given back")
        stop(target.process)
        return f"{len(clients)} connections; {note}"

    def idle(self):
        return self.crowd(3000, b"", 800)

    def unread(self):
        return self.crowd(600, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 50, 600)

    def events(self):
        target = service("--max-connections", 1024)
        photo = png(3000, 2000)
        job = json.loads(ask(target.port, "POST", "/deblur?exit=1", photo, ASYNCHRONOUS).body)["id"]
        many.port = target.port
        request = f"GET /jobs/{job}/events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
        clients = many(505, request.encode())
        expect(len(clients), 505, "streams")
        note = alive(target.port)
        for client in clients:
            client.settimeout(300)
            text = b""
            while b"event: succeeded" not in text:
                piece = client.recv(1 << 16)
                expect(piece != b"", True, f"a stream with its end, not {text[-200:]}")
                text += piece
            client.close()
        stop(target.process)
        return f"505 streams with their end; {note}"

    def cancels(self):
        target = service("--queue", 100_000)
        photo = png(900, 700)
        for number in range(1200):
            client = open_post(target.port, "/deblur", len(photo))
            try:
                client.sendall(photo[: RANDOM.randrange(len(photo) + 1)] if number % 3 else photo)
                time.sleep(RANDOM.random() * 0.02)
            except OSError:
                pass
            client.close()
        nothing_reserved(target.port)
        samples = metrics(connect(target.port))
        note = alive(target.port)
        stop(target.process)
        return f"{total(samples, 'deblur_cancelled_total'):.0f} counted; {note}"

    def pipelined(self):
        target = service()
        request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        text = request * 9_999 + b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        with socket.create_connection(("127.0.0.1", target.port), timeout=60) as client:
            sender = threading.Thread(target=client.sendall, args=(text,))
            sender.start()
            answers = read_all(client)
            sender.join()
        expect(answers.count(b"HTTP/1.1 200 "), 10_000, "answers")
        note = alive(target.port)
        stop(target.process)
        return note

    def disk(self):
        folder = work_folder() / "disk"
        folder.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True)
        if made.returncode:
            raise Skipped(f"no tmpfs: {made.stderr.strip()}")
        try:
            target = service("--state-dir", folder)
            photo = png(500, 400, "noise")
            statuses, jobs = [], []
            for _ in range(12):
                answer = ask(target.port, "POST", "/deblur?exit=1", photo, ASYNCHRONOUS)
                statuses.append(answer.status)
                if answer.status == 202:
                    jobs.append(json.loads(answer.body)["id"])
            expect(set(statuses), {202, 507}, "the answers while the folder fills")
            note = alive(target.port)
            expect(ask(target.port, "GET", "/readyz").status, 200, "readiness")
            for job in jobs:
                ask(target.port, "DELETE", f"/jobs/{job}")
            again = lambda: ask(target.port, "POST", "/deblur?exit=1", SMALL, ASYNCHRONOUS)
            answer = wait_for(lambda: (found := again()).status == 202 and found, 30, "a job once there is room")
            job = json.loads(answer.body)["id"]
            done = lambda: json.loads(ask(target.port, "GET", f"/jobs/{job}").body)["state"] == "succeeded"
            wait_for(done, 60, "it is done")
            stop(target.process)
            return f"{statuses.count(202)} jobs taken, {statuses.count(507)} refused; {note}"
        finally:
            subprocess.run(["umount", "-l", folder], check=False)

    def kills(self):
        folder = work_folder() / "kills"
        folder.mkdir()
        options = ("--state-dir", folder, "--queue", 10_000)
        photo, jobs = png(800, 600), []
        for _ in range(5 if SHORT else 20):
            target = service(*options)
            ends = time.monotonic() + 0.3 + 2 * RANDOM.random()
            while time.monotonic() < ends:
                answer = ask(target.port, "POST", "/deblur?exit=1", photo, ASYNCHRONOUS)
                if answer.status == 202:
                    jobs.append(json.loads(answer.body)["id"])
                time.sleep(0.1)
            target.process.kill()
            target.process.wait()
        target = service(*options)
        states = {}

        def settled():
            for job in jobs:
                if states.get(job) not in ("succeeded", "failed"):
                    answer = ask(target.port, "GET", f"/jobs/{job}")
                    expect(answer.status, 200, f"job {job}, accepted with 202")
                    states[job] = json.loads(answer.body)["state"]
            return all(state in ("succeeded", "failed") for state in states.values())

        wait_for(settled, 300, "every job is decided on")
        expect([job for job in jobs if states[job] != "succeeded"], [], "jobs that did not succeed")
        expect([entry.name for entry in (folder / "incoming").iterdir()], [], "what lies about")
        stop(target.process)
        return f"{len(jobs)} jobs, none lost"


ATTACKS = ["memory", "descriptors", "heads", "idle", "unread", "events", "cancels", "pipelined", "disk", "kills"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=ATTACKS, choices=ATTACKS)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    scarce, checks = Scarce(), Checks()
    for name in options.only:
        checks.run(name, getattr(scarce, name))
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
