"""All attacks of outages.py at once beside honest clients.

    python3 Tests/acceptance/siege.py [--minutes 30] [--clients 64] [--seed 1]

Attackers share 127.0.0.2: bodies that drip, bombs whose senders leave, slow readers, heat maps nobody waits for, jobs made
and deleted, photos of 49 megapixels as jobs and as requests, idle connections, half a head; the log goes to a pipe that
nobody reads. Each honest client has an address of its own and posts photos of 0.1 to 24 megapixels, and jobs; it waits as
Retry-After tells it. Holds:

- honest requests get 200, or 202 for jobs, or 429 with Retry-After: no 5xx, no broken connection, the same bytes as in
  peace for each photo;
- /healthz, asked from a process of its own with a high priority: p99 below 50 ms;
- resident memory stays within the budget plus 150 MB, and what the service had before it worked;
- afterwards nothing is left: no memory reserved, no tile waiting, no descriptor more, no byte of the spool, no job.
"""

import argparse
import collections
import http.client
import json
import os
import random
import socket
import subprocess
import threading
import time

from outages import ATTACKER, SMALL, ask, bomb, huge, listening, open_post
from rig import (
    SHORT,
    Checks,
    Health,
    Probe,
    connect,
    descriptors,
    expect,
    health_report,
    memory,
    metrics,
    percentile,
    png,
    total,
    wait_for,
    work_folder,
)
from support import PROGRAM, free_port

BUDGET = 1 << 30
RESULT_SECONDS = 20
# Megapixels 0.1, 1, 12 and 24, and how often each is sent.
PHOTOS = [((360, 300, "noise"), 60), ((1200, 900, "noise"), 28), ((4000, 3000, "gradient"), 9), ((6000, 4000, "gradient"), 3)]


class Siege:
    def __init__(self, options):
        self.options = options
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.statuses, self.attacks = collections.Counter(), collections.Counter()
        self.faults, self.times = [], collections.defaultdict(list)
        self.folder = work_folder() / "siege"
        self.folder.mkdir()
        self.photos = [png(*shape) for shape, _ in PHOTOS]
        self.weights = [weight for _, weight in PHOTOS]

    def start(self):
        self.port = free_port()
        self.log, write = os.pipe()
        arguments = f"--port {self.port} --queue 256 --memory-budget {BUDGET} --max-body 64MiB --drain 5s"
        arguments += f" --body-timeout 20s --write-timeout 20s --result-ttl {RESULT_SECONDS}s --spool-limit 2GiB"
        command = [str(PROGRAM), "serve", *arguments.split(), "--state-dir", str(self.folder), "--log-level", "info"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=write, stdin=subprocess.DEVNULL)
        os.close(write)
        wait_for(lambda: listening(self.port), 60, "the service")
        self.references = [ask(self.port, "POST", "/deblur?exit=1", photo, timeout=600).body for photo in self.photos]
        time.sleep(1)
        self.before = descriptors(self.process)
        self.resident = memory(self.process)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.log)

    def count(self, what):
        with self.lock:
            self.attacks[what] += 1

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    # Honest clients.

    def honest(self, number):
        source = random.Random(self.options.seed * 1000 + number)
        address = f"127.0.1.{1 + number}"
        while not self.over.is_set():
            photo = source.choices(range(len(self.photos)), self.weights)[0]
            try:
                if source.random() < 0.15:
                    self.job(address, photo)
                else:
                    self.photo(address, photo)
            except Exception as error:  # One client's trouble is a finding, not the end of the run.
                if not self.over.is_set():
                    self.fault(f"{type(error).__name__}: {error}")
            self.over.wait(source.random())

    def answered(self, address, path, body, wanted, headers=None):
        """The answer, once it is no 429; None when time is over."""
        while not self.over.is_set():
            answer = ask(self.port, "POST", path, body, headers, address, timeout=900)
            with self.lock:
                self.statuses[answer.status] += 1
            if answer.status == wanted:
                return answer
            seconds = answer.headers.get("retry-after", "")
            expect((answer.status, seconds.isdigit()), (429, True), f"the answer to an honest client {answer.body[:200]}")
            self.over.wait(int(seconds))

    def photo(self, address, photo):
        began = time.monotonic()
        answer = self.answered(address, "/deblur?exit=1", self.photos[photo], 200)
        if answer:
            self.times[photo].append(time.monotonic() - began)
            expect(answer.body == self.references[photo], True, f"the bytes of photo {photo}")

    def job(self, address, photo):
        asynchronous = {"Prefer": "respond-async"}
        answer = self.answered(address, "/deblur?exit=1", self.photos[photo], 202, asynchronous)
        if answer is None:
            return
        path = f"/jobs/{json.loads(answer.body)['id']}"
        while not self.over.is_set():
            state = ask(self.port, "GET", path, source=address)
            if state.status == 410:
                return  # It was done and its time was over before this client looked.
            expect(state.status, 200, "a job's state")
            if json.loads(state.body)["state"] == "succeeded":
                result = ask(self.port, "GET", path + "/result", source=address)
                if result.status != 410:
                    expect((result.status, result.body == self.references[photo]), (200, True), "a job's result")
                return
            self.over.wait(2)
        ask(self.port, "DELETE", path, source=address)

    # Attackers.

    def forever(self, name, act, pause):
        while not self.over.is_set():
            try:
                act()
                self.count(name)
            except OSError:
                self.count(f"{name} cut")
            self.over.wait(pause)

    def drip(self):
        size = 16 << 20
        with open_post(self.port, "/deblur", size) as client:
            client.sendall(bytes(size - 5000))
            while not self.over.wait(5):
                client.sendall(b"x")

    def explode(self):
        body = bomb(random.choice([b"iCCP", b"iTXt"]), 200)
        with open_post(self.port, "/deblur", len(body)) as client:
            client.sendall(body)

    def read_slowly(self):
        photo = self.photos[1]
        with open_post(self.port, "/deblur?deadline=0.001&format=png", len(photo)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
            client.sendall(photo)
            while not self.over.is_set() and client.recv(2000):
                self.over.wait(0.1)

    def ask_for_maps(self):
        answer = ask(self.port, "POST", "/deblur?deadline=0.001", self.photos[2], {"Prefer": "respond-async"}, ATTACKER)
        if answer.status != 202:
            return
        path = f"/jobs/{json.loads(answer.body)['id']}/exits"
        for _ in range(10):
            request = f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: image/png\r\n\r\n".encode()
            for _ in range(10):
                with socket.create_connection(("127.0.0.1", self.port), source_address=(ATTACKER, 0)) as client:
                    client.sendall(request)
            self.over.wait(1)

    def bury(self):
        answer = ask(self.port, "POST", "/deblur", SMALL, {"Prefer": "respond-async"}, ATTACKER)
        if answer.status == 202:
            ask(self.port, "DELETE", f"/jobs/{json.loads(answer.body)['id']}", source=ATTACKER)

    def stand_in_the_door(self):
        body = self.huge
        headers = random.choice([[], ["Prefer: respond-async"]])
        with open_post(self.port, "/deblur?exit=1", len(body), headers) as client:
            client.sendall(body)
            # A job whose name is not known cannot be ended afterwards.
            client.settimeout(120 if headers else 10)
            try:
                response = http.client.HTTPResponse(client)
                response.begin()
                if response.status == 202:
                    job = json.loads(response.read())["id"]
                    self.over.wait(10)
                    ask(self.port, "DELETE", f"/jobs/{job}", source=ATTACKER)
            except TimeoutError:
                pass

    def stand_about(self):
        clients = []
        for number in range(150):
            client = socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(ATTACKER, 0))
            if number % 2:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHos")
            clients.append(client)
        self.over.wait(8)
        for client in clients:
            client.close()

    # The run.

    def run(self):
        self.huge = huge()
        attackers = [(self.drip, 0.5)] * 8 + [(self.explode, 0.5)] * 2 + [(self.read_slowly, 0.5)] * 16
        attackers += [(self.ask_for_maps, 1), (self.bury, 0.02), (self.bury, 0.02), (self.stand_in_the_door, 1)]
        attackers += [(self.stand_in_the_door, 1), (self.stand_about, 1)]
        threads = [threading.Thread(target=self.forever, args=(act.__name__, act, pause)) for act, pause in attackers]
        threads += [threading.Thread(target=self.honest, args=(number,)) for number in range(self.options.clients)]
        health = Probe(0.05, Health(self.port))
        highest = 0
        for thread in threads:
            thread.daemon = True
            thread.start()
        ends = time.monotonic() + 60 * self.options.minutes
        told = time.monotonic()
        while time.monotonic() < ends and self.process.poll() is None:
            highest = max(highest, memory(self.process))
            time.sleep(0.2)
            if time.monotonic() - told >= 60:
                told = time.monotonic()
                load = os.getloadavg()[0]
                print(
                    f"        {(ends - told) / 60:.0f} minutes left: honest {dict(self.statuses)}, {len(self.faults)} faults, "
                    f"resident {highest >> 20} MiB, load {load:.0f}",
                    flush=True,
                )
        expect(self.process.poll(), None, "the service lives")
        self.over.set()
        self.health, self.highest = health.stop(), highest
        # What was begun is ended; that takes as long as the last large photos do.
        patience = time.monotonic() + 300
        for thread in threads:
            thread.join(max(0.0, patience - time.monotonic()))
        expect(sum(thread.is_alive() for thread in threads), 0, "clients that wait on and on")
        return f"honest {dict(self.statuses)}; attacks {dict(sorted(self.attacks.items()))}"

    def honestly(self):
        expect(self.faults[:3], [], f"what honest clients met ({len(self.faults)} times)")
        served = self.statuses[200] + self.statuses[202]
        expect(served > 0 and all(self.times[photo] for photo in (0, 1)), True, "honest clients are served")
        notes = []
        for photo, times in sorted(self.times.items()):
            (width, height, _), _ = PHOTOS[photo]
            median, worst = percentile(times, 0.5), max(times)
            notes.append(f"{width * height / 1e6:.1f} MP: {len(times)} times, median {median:.1f} s, worst {worst:.1f} s")
        return "; ".join(notes)

    def resident_memory(self):
        note = f"at most {self.highest >> 20} MiB, {self.resident >> 20} MiB before, budget {BUDGET >> 20} MiB"
        if self.highest > BUDGET + 150_000_000:
            raise AssertionError(note)
        return note

    def leftovers(self):
        samples = lambda: metrics(connect(self.port))
        quiet = lambda: not any(
            samples()[name]
            for name in ("deblur_memory_reserved_bytes", "deblur_queue_tiles", "deblur_workers_busy")
        )
        wait_for(quiet, 600, "no memory reserved, nothing waiting, nobody busy")
        wait_for(lambda: samples()["deblur_spool_bytes"] == 0, 120 + 2 * RESULT_SECONDS, "an empty spool")
        expect(total(samples(), "deblur_jobs"), 0, "jobs that can be asked for something")
        wait_for(lambda: descriptors(self.process) <= self.before, 30, "descriptors given back")
        left = [entry.name for entry in (self.folder / "incoming").iterdir()]
        expect(left, [], "what lies about in the state folder")
        return f"{descriptors(self.process)} descriptors, {self.before} before; resident {memory(self.process) >> 20} MiB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1 if SHORT else 30)
    parser.add_argument("--clients", type=int, default=16 if SHORT else 64)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"siege: seed {options.seed}")
    siege = Siege(options)
    checks = Checks()
    try:
        siege.start()
        checks.run(f"{options.minutes} minutes, {options.clients} honest clients", siege.run)
        checks.run("honest clients get 200, 202, or 429 with Retry-After", siege.honestly)
        checks.run("health", health_report, siege.health, 0.05)
        checks.run("resident memory", siege.resident_memory)
        checks.run("nothing is left", siege.leftovers)
    finally:
        siege.end()
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
