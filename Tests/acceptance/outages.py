"""One client with little traffic that would keep everybody else out: nine ways, and a neighbour that has to be served.

    python3 Tests/acceptance/outages.py [--only uploads bombs …] [--seconds 10]

The attacker comes from 127.0.0.2, the neighbour from 127.0.0.3. Each attack has a service of its own. "In time" means
within 2 s, or within four times the slowest of five photos in peace just before where that is longer, as it is on a
machine with other work. Holds:

uploads     four bodies that stop 5 KB before their end and then drip: the neighbour's photo is answered within
            --body-timeout plus 20 s, although they fill what uploads may take
bombs       pictures of one pixel with a thousand compressed profiles or texts, whose senders leave: less than 1 s of
            processor time each once they have left, and the neighbour's photos are answered in time meanwhile
readers     results that are taken at 60 KB/s: resident memory stays within the budget plus 150 MB, the neighbour is
            served, and what the slow ones get is whole
poison      a job in whose middle the process dies three times fails with `abandoned` and is begun no more; a neighbour's
            job is done; an end that was asked for counts nothing
maps        30 heat maps of a large photo whose clients leave: as for bombs; asked again, it is there with its ETag
graves      20,000 records of jobs that were cancelled: new ones are accepted, also after a restart
door        a photo of 49 megapixels in 6 KB, as a job and as a request: the neighbour's photos are answered in time,
            from another address and from the attacker's own
polls       8,000 jobs of one client wait, who asks for the last of them and for lists of 500 all the time, and does not
            wait for the lists: health answers at once, the neighbour's photos, job and list in time
logs        standard error is a pipe that nobody reads: thousands of requests are answered, and SIGTERM ends the process
"""

import argparse
import collections
import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import zlib
from pathlib import Path

import rig
from rig import SHORT, Checks, connect, expect, memory, metrics, png, service, stop, wait_for, work_folder
from support import PROGRAM, free_port

ATTACKER, NEIGHBOUR = "127.0.0.2", "127.0.0.3"
SMALL = png(384, 384, "noise")
MEGABYTE = 1 << 20


def ask(port, method, path, body=None, headers=None, source=NEIGHBOUR, timeout=120):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout, source_address=(source, 0))
    try:
        return rig.request(port, method, path, body, headers, connection=connection)
    finally:
        connection.close()


def open_post(port, path, length, headers=(), source=ATTACKER, kind="image/png"):
    """A connection that has announced a body."""
    client = socket.create_connection(("127.0.0.1", port), timeout=120, source_address=(source, 0))
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Type: {kind}", f"Content-Length: {length}", *headers]
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return client


def seconds_of(process):
    """Processor time that a process has taken."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def in_time(port):
    """Seconds within which a photo has to be answered."""
    calm = []
    for _ in range(5):
        began = time.monotonic()
        expect(ask(port, "POST", "/deblur?exit=1", SMALL).status, 200, "a photo in peace")
        calm.append(time.monotonic() - began)
    # The first one pays for memory that the others find.
    return max(2.0, 4 * max(calm[1:]))


class Neighbour:
    """Posts a small photo again and again, as Retry-After tells it; how long each took until its 200."""

    def __init__(self, port, source=NEIGHBOUR):
        self.port, self.source = port, source
        self.times, self.statuses, self.faults = [], collections.Counter(), []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            try:
                self.one()
                self.times.append(time.monotonic() - began)
            except Exception as error:  # Judged at the end.
                self.faults.append(f"{type(error).__name__}: {error}")
            self.over.wait(0.2)

    def one(self):
        while not self.over.is_set():
            answer = ask(self.port, "POST", "/deblur?exit=1", SMALL, source=self.source)
            self.statuses[answer.status] += 1
            if answer.status == 200:
                return
            expect((answer.status, "retry-after" in answer.headers), (429, True), "a refusal")
            self.over.wait(int(answer.headers["retry-after"]))

    def finish(self, within, at_least=2):
        # One that is being served may end, and there have to be some; one that never is served, is a fault.
        waited = time.monotonic()
        wanted = max(at_least, len(self.times) + 1)
        while len(self.times) < wanted and time.monotonic() - waited < at_least * within and not self.faults:
            time.sleep(0.05)
        self.over.set()
        self.thread.join(timeout=130)
        expect(self.faults[:3], [], "the neighbour's requests")
        note = f"{len(self.times)} photos of the neighbour, worst {max(self.times, default=float('inf')):.2f} s"
        if len(self.times) < at_least or max(self.times) > within:
            raise AssertionError(f"{note}, {dict(self.statuses)}; each has to be answered within {within:.1f} s")
        return f"{note} of {within:.1f} s"


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def picture(width, height, bits, colour, rows, *chunks):
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *chunks, chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )


def bomb(kind, count=1000):
    packed = zlib.compress(bytes(4 * MEGABYTE), 9)
    data = b"x\0\0" + packed if kind == b"iCCP" else b"XML:com.adobe.xmp\0\1\0\0\0" + packed
    return picture(1, 1, 8, 2, zlib.compress(bytes(4)), *[chunk(kind, data)] * count)


def huge(side=7000):
    """One bit a pixel, all alike."""
    row = bytes(1 + (side + 7) // 8)
    packer = zlib.compressobj(9)
    rows = b"".join([packer.compress(row) for _ in range(side)] + [packer.flush()])
    return picture(side, side, 1, 0, rows)


class Outages:
    def __init__(self, options):
        self.options = options
        self.seconds = options.seconds

    def busy_seconds(self, process, seconds=3.0):
        """Processor time taken from now on, until it takes none, or so long."""
        began, before = time.monotonic(), seconds_of(process)
        while time.monotonic() - began < seconds:
            time.sleep(0.1)
        return seconds_of(process) - before

    # 1

    def uploads(self):
        timeout = 10 if SHORT else 60
        held = service(
            "--memory-budget", "512MiB", "--max-body", "64MiB", "--body-timeout", f"{timeout}s", "--queue", 64
        )
        size, left = 64 * MEGABYTE, 5000
        clients = [open_post(held.port, "/deblur", size) for _ in range(4)]
        for client in clients:
            for _ in range(0, size - left - MEGABYTE, MEGABYTE):
                client.sendall(bytes(MEGABYTE))
            client.sendall(bytes(size - left - (size - left - 1) // MEGABYTE * MEGABYTE))
        reserved = lambda: metrics(connect(held.port))["deblur_memory_reserved_bytes"]
        wait_for(lambda: reserved() >= 4 * (size - left) - MEGABYTE, 30, "the uploads' memory is taken")
        over = threading.Event()

        def drip():
            while not over.wait(timeout / 4):
                for client in clients:
                    try:
                        client.sendall(b"x")
                    except OSError:
                        pass

        dripper = threading.Thread(target=drip, daemon=True)
        dripper.start()
        began = time.monotonic()
        neighbour = Neighbour(held.port)
        wait_for(lambda: neighbour.times, timeout + 20, "the neighbour's photo")
        note = f"the neighbour was served after {time.monotonic() - began:.1f} s"
        neighbour.finish(timeout + 20, 1)
        wait_for(lambda: reserved() == 0, 1.25 * timeout + 20, "the held memory is given back")
        over.set()
        for client in clients:
            client.close()
        stop(held.process)
        return f"{note}; all was given back after {time.monotonic() - began:.1f} s, --body-timeout is {timeout} s"

    # 2

    def bombs(self):
        target = service("--queue", 64)
        within = in_time(target.port)
        notes = []
        for kind in (b"iCCP", b"iTXt"):
            body = bomb(kind)
            busy = []
            for _ in range(2):
                client = open_post(target.port, "/deblur", len(body))
                client.sendall(body)
                client.close()
                busy.append(self.busy_seconds(target.process))
            notes.append(f"{kind.decode()} {max(busy):.2f} s")
            if max(busy) >= 1:
                raise AssertionError(f"{max(busy):.1f} s of processor time for a {kind.decode()} whose sender had left")
        neighbour = Neighbour(target.port)
        ends = time.monotonic() + self.seconds
        while time.monotonic() < ends:
            for kind in (b"iCCP", b"iTXt"):
                body = bomb(kind)
                with open_post(target.port, "/deblur", len(body)) as client:
                    client.sendall(body)
                    time.sleep(0.05)
        note = neighbour.finish(within)
        stop(target.process)
        self.leave_while_admitted()
        return f"processor time after the sender's leaving: {', '.join(notes)}; {note}"

    def leave_while_admitted(self):
        """Senders that leave while their photo is looked at and memory is short: nothing stays reserved."""
        target = service("--queue", 512, "--memory-budget", "340MiB")
        others = []
        for number, photo in enumerate([png(4000, 3000, "gradient")] + 6 * [png(700, 700, "noise")]):
            others.append(open_post(target.port, "/deblur?exit=1", len(photo), source=f"127.0.0.{20 + number}"))
            others[-1].sendall(photo)
        bodies = [bomb(kind, 200) for kind in (b"iCCP", b"iTXt")]

        def leave(seed):
            source = random.Random(seed)
            for _ in range(60):
                body = source.choice(bodies)
                with open_post(target.port, "/deblur", len(body)) as client:
                    client.sendall(body)
                    time.sleep(source.choice([0, 0, 0.001, 0.005, 0.02]))

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(leave, range(4)))
        for other in others:
            other.close()
        wait_for(lambda: metrics(connect(target.port))["deblur_memory_reserved_bytes"] == 0, 30, "their memory is given back")
        stop(target.process)

    # 3

    def readers(self):
        budget, count = 256 * MEGABYTE, 16 if SHORT else 32
        folder = work_folder() / "readers"
        folder.mkdir()
        target = service(
            "--memory-budget", budget, "--queue", 100_000, "--state-dir", folder, "--max-body", "64MiB"
        )
        photo = png(4000, 3000, "noise")
        path = "/deblur?deadline=0.001&format=png"
        reference = ask(target.port, "POST", path, photo, timeout=600)
        expect((reference.status, len(reference.body) > 30 * MEGABYTE), (200, True), "the photo in peace")
        over, highest = threading.Event(), [0]

        def watch():
            while not over.wait(0.1):
                highest[0] = max(highest[0], memory(target.process))

        threading.Thread(target=watch, daemon=True).start()
        got, faults = [0] * count, []

        def read(number):
            try:
                client = None
                while client is None:
                    client = open_post(target.port, path, len(photo))
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
                    client.sendall(photo)
                    response = http.client.HTTPResponse(client)
                    response.begin()
                    if response.status == 429:
                        response.read()
                        client.close()
                        client = None
                        time.sleep(int(response.headers["Retry-After"]))
                expect(response.status, 200, "a slow reader's answer")
                digest = hashlib.sha256()
                while piece := response.read(6000):
                    digest.update(piece)
                    got[number] += len(piece)
                    # The first one hurries once all have theirs, so that its result is seen whole.
                    if not (number == 0 and over.is_set()):
                        time.sleep(0.1)
                    if over.is_set() and number:
                        return client.close()
                expect(digest.hexdigest(), hashlib.sha256(reference.body).hexdigest(), "a result taken slowly")
            except Exception as error:
                faults.append(f"{type(error).__name__}: {error}")

        threads = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(count)]
        for thread in threads:
            thread.start()
        neighbour = Neighbour(target.port)
        wait_for(lambda: all(got) or faults, 400, "every slow reader has its answer")
        time.sleep(4)
        note = neighbour.finish(60, 1)
        over.set()
        threads[0].join(120)
        expect((faults[:3], threads[0].is_alive()), ([], False), "the slow readers")
        stop(target.process)
        note = f"{count} readers of {len(reference.body) >> 20} MiB: resident at most {highest[0] >> 20} MiB; {note}"
        if highest[0] > budget + 150_000_000:
            raise AssertionError(f"{note}; the budget is {budget >> 20} MiB")
        return note

    # 4

    def poison(self):
        folder = work_folder() / "poison"
        folder.mkdir()
        options = ("--state-dir", folder, "--queue", 64, "--drain", "1s")
        large, asynchronous = png(3000, 2000, "gradient"), {"Prefer": "respond-async"}
        target = service(*options)
        job = json.loads(ask(target.port, "POST", "/deblur?exit=1", large, asynchronous, ATTACKER).body)["id"]
        state = lambda: json.loads(ask(target.port, "GET", f"/jobs/{job}").body)
        # An end that somebody asked for, with the job at work.
        wait_for(lambda: state()["state"] == "running", 60, "the job runs")
        stop(target.process, 60)
        for _ in range(3):
            target = service(*options)
            wait_for(lambda: state()["state"] == "running", 60, "the job is begun again")
            target.process.kill()
            target.process.wait()
        target = service(*options)
        wait_for(lambda: state()["state"] != "queued", 20, "it is decided on")
        document = state()
        expect(document["state"], "failed", "the state of the job after three ends in its middle")
        expect(document["error"]["code"], "abandoned", "why")
        other = json.loads(ask(target.port, "POST", "/deblur?exit=1", SMALL, asynchronous).body)["id"]
        done = lambda: json.loads(ask(target.port, "GET", f"/jobs/{other}").body)["state"] == "succeeded"
        wait_for(done, 60, "the neighbour's job")
        stop(target.process)
        return "begun four times: once it was ended on purpose, three times the process died"

    # 5

    def maps(self):
        target = service("--queue", 64, "--memory-budget", "1GiB")
        photo = png(6000, 4000, "gradient")
        answer = ask(target.port, "POST", "/deblur?deadline=0.001&format=png", photo, {"Prefer": "respond-async"})
        job = json.loads(answer.body)["id"]
        done = lambda: json.loads(ask(target.port, "GET", f"/jobs/{job}").body)["state"] == "succeeded"
        wait_for(done, 300, "the job")
        within = in_time(target.port)

        def leave(count):
            request = f"GET /jobs/{job}/exits HTTP/1.1\r\nHost: a\r\nAccept: image/png\r\n\r\n".encode()
            clients = []
            for _ in range(count):
                client = socket.create_connection(("127.0.0.1", target.port), source_address=(ATTACKER, 0))
                client.sendall(request)
                clients.append(client)
            for client in clients:
                client.close()

        leave(3)
        busy = self.busy_seconds(target.process) / 3
        if busy >= 1:
            raise AssertionError(f"{busy:.1f} s of processor time for each map whose client had left")
        neighbour = Neighbour(target.port)
        ends = time.monotonic() + self.seconds
        while time.monotonic() < ends:
            leave(30)
            time.sleep(1)
        note = neighbour.finish(within)
        whole = ask(target.port, "GET", f"/jobs/{job}/exits", headers={"Accept": "image/png"})
        expect((whole.status, whole.body[:4]), (200, b"\x89PNG"), "the map for who waits")
        tag = {"Accept": "image/png", "If-None-Match": whole.headers["etag"]}
        expect(ask(target.port, "GET", f"/jobs/{job}/exits", headers=tag).status, 304, "asked for again")
        stop(target.process)
        return f"{busy:.2f} s of processor time for a map whose client had left; {note}"

    # 6

    def graves(self):
        folder = work_folder() / "graves"
        folder.mkdir()
        target = service("--state-dir", folder, "--queue", 64)
        answer = ask(target.port, "POST", "/deblur", SMALL, {"Prefer": "respond-async"}, ATTACKER)
        job = json.loads(answer.body)["id"]
        ask(target.port, "DELETE", f"/jobs/{job}")
        record = folder / "jobs" / job / "record"
        wait_for(lambda: b'"cancelled"' in record.read_bytes() or b'"isExpired":true' in record.read_bytes(), 20, "gone")
        stop(target.process)
        text = record.read_bytes().split(b"\n", 1)[1]
        for number in range(20_000):
            name = f"{number:032x}"
            copy = text.replace(job.encode(), name.encode())
            (folder / "jobs" / name).mkdir()
            content = hashlib.sha256(copy).hexdigest().encode() + b"\n" + copy
            (folder / "jobs" / name / "record").write_bytes(content)
        for _ in range(2):
            target = service("--state-dir", folder, "--queue", 64)
            answer = ask(target.port, "POST", "/deblur", SMALL, {"Prefer": "respond-async"})
            expect(answer.status, 202, "a job beside the graves of 20,000")
            job = json.loads(answer.body)["id"]
            done = lambda: json.loads(ask(target.port, "GET", f"/jobs/{job}").body)["state"] == "succeeded"
            wait_for(done, 60, "it is done")
            stop(target.process, 60)
        kept = len(list((folder / "jobs").iterdir()))
        shutil.rmtree(folder)
        if kept > 2500:
            raise AssertionError(f"{kept} folders are left")
        return f"{kept} folders are left of 20,000"

    # 7

    def door(self):
        target = service("--queue", 256, "--memory-budget", "2GiB")
        within = in_time(target.port)
        body = huge()
        notes = []
        for name, headers in (("as a job", ["Prefer: respond-async"]), ("as a request", [])):
            with open_post(target.port, "/deblur?exit=1", len(body), headers) as client:
                client.sendall(body)
                waiting = lambda: metrics(connect(target.port))["deblur_queue_tiles"] > 256
                wait_for(waiting, 30, "the large photo's tiles wait")
                for source in (NEIGHBOUR, ATTACKER):
                    neighbour = Neighbour(target.port, source)
                    time.sleep(self.seconds / 2)
                    expect(waiting() or not SHORT, True, "the large photo is still at it")
                    notes.append(f"{name}, from {source}: {neighbour.finish(within)}")
                if headers:
                    response = http.client.HTTPResponse(client)
                    response.begin()
                    job = json.loads(response.read())["id"]
                    expect(ask(target.port, "DELETE", f"/jobs/{job}").status, 204, "its end")
            wait_for(lambda: metrics(connect(target.port))["deblur_queue_tiles"] == 0, 30, "its tiles are gone")
        stop(target.process)
        return f"{len(body)} bytes " + "; ".join(notes)

    def polls(self):
        folder = work_folder() / "polls"
        folder.mkdir()
        # More than they could have brought otherwise.
        options = ("--state-dir", folder, "--queue", 256, "--spool-limit", 1 << 36)
        target = service(*options)
        # Four at most are begun beside each other.
        for photo in [png(3000, 2000, "gradient")] * 5 + [SMALL]:
            answer = ask(target.port, "POST", "/deblur?exit=1", photo, {"Prefer": "respond-async"}, ATTACKER)
        job = json.loads(answer.body)["id"]
        target.process.kill()
        target.process.wait()
        last = multiply(folder / "jobs", job, 8000)
        target = service(*options)
        within = in_time(target.port)
        ends = time.monotonic() + self.seconds
        attack = [threading.Thread(target=poll, args=(target.port, last, ends), daemon=True) for _ in range(32)]
        attack.append(threading.Thread(target=leave_lists, args=(target.port, ends), daemon=True))
        health = rig.Probe(0.05, rig.Health(target.port))
        for thread in attack:
            thread.start()
        neighbour, times = Neighbour(target.port), []
        own = json.loads(ask(target.port, "POST", "/deblur?exit=1", SMALL, {"Prefer": "respond-async"}).body)["id"]
        while time.monotonic() < ends:
            began = time.monotonic()
            for path in (f"/jobs/{own}", "/jobs?limit=10"):
                expect(ask(target.port, "GET", path).status, 200, path)
            times.append(time.monotonic() - began)
            time.sleep(0.2)
        note = neighbour.finish(within)
        for thread in attack:
            thread.join()
        healthy = rig.health_report(health.stop(), 0.25)
        if max(times) > within:
            raise AssertionError(f"{max(times):.1f} s for the neighbour's job and list; {within:.1f} s are in time")
        expect(json.loads(ask(target.port, "GET", f"/jobs/{last}").body)["state"], "queued", "the last of the jobs")
        stop(target.process, 60)
        shutil.rmtree(folder)
        return f"{healthy}; worst {max(times):.2f} s for the neighbour's job and list; {note}"

    # 8

    def logs(self):
        port = free_port()
        read, write = os.pipe()
        command = [str(PROGRAM), "serve", "--port", str(port), "--drain", "5s", "--log-level", "debug"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=write, stdin=subprocess.DEVNULL)
        os.close(write)
        try:
            wait_for(lambda: listening(port), 60, "the service")
            connection = connect(port, 5)
            for number in range(20_000):
                connection.request("GET", "/healthz")
                answer = connection.getresponse()
                answer.read()
                expect(answer.status, 200, f"health check {number}")
            dropped = metrics(connect(port))["deblur_log_lines_dropped_total"]
            expect(dropped > 0, True, "lines are dropped and counted")
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            expect(process.wait(15), 0, "the exit status")
            return f"20,000 health checks, {dropped:.0f} lines dropped, ended {time.monotonic() - began:.1f} s after SIGTERM"
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            os.close(read)


def multiply(jobs, job, count):
    """Puts so many copies of a spooled job in place of all that is there; the name of the last one."""
    text = (jobs / job / "record").read_bytes().split(b"\n", 1)[1]
    expect(b'"queued"' in text, True, "the job waits")
    photo = jobs.parent / "photo"
    (jobs / job / "photo").rename(photo)
    for folder in jobs.iterdir():
        shutil.rmtree(folder)
    for number in range(count):
        name = f"{number:032x}"
        copy = text.replace(job.encode(), name.encode())
        (jobs / name).mkdir()
        (jobs / name / "record").write_bytes(hashlib.sha256(copy).hexdigest().encode() + b"\n" + copy)
        os.link(photo, jobs / name / "photo")
    return name


def poll(port, job, ends):
    """Asks for a job again and again, 64 times in one breath."""
    requests = f"GET /jobs/{job} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 64
    with socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(ATTACKER, 0)) as client:
        while time.monotonic() < ends:
            client.sendall(requests)
            answered = 0
            while answered < 64:
                piece = client.recv(1 << 16)
                if not piece:
                    return
                answered += piece.count(b"X-Request-Id")


def leave_lists(port, ends):
    """Asks for long lists and is gone."""
    while time.monotonic() < ends:
        client = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(ATTACKER, 0))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"GET /jobs?limit=500 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.005)
        client.close()


def listening(port):
    try:
        return ask(port, "GET", "/readyz", timeout=5).status == 200
    except OSError:
        return False


ATTACKS = {
    "uploads": "held uploads",
    "bombs": "metadata bombs",
    "readers": "slow readers",
    "poison": "poison jobs",
    "maps": "heat maps",
    "graves": "dead jobs",
    "door": "one photo at the door",
    "polls": "a long queue that is asked for all the time",
    "logs": "a log that nobody reads",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(ATTACKS), choices=list(ATTACKS))
    parser.add_argument("--seconds", type=float, default=6 if SHORT else 20, help="how long an attack goes on")
    options = parser.parse_args()
    outages = Outages(options)
    checks = Checks()
    for name in options.only:
        checks.run(ATTACKS[name], getattr(outages, name))
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
