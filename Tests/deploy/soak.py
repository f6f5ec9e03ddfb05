"""Mixed load on three replicas behind nginx while one of them is killed or drained again and again.

    python3 Tests/deploy/soak.py [--minutes 5] [--megapixels 2] [--every 20] [--seed 1]

Every 200 has to equal the bytes of a calm run. A request may be lost only with a replica that was killed
while it worked on it; draining loses none. Afterwards nothing may be left: no queue, no reserved memory, no busy worker, no descriptor.
"""

import argparse
import collections
import json
import os
import random
import socket
import threading
import time

import proxy
from support import Checks, Service, expect, metric, png, request, send_only, stop, wait_for, work_folder

PNG = {"Content-Type": "image/png"}
CLIENTS = 6


class Soak:
    def __init__(self, options):
        self.options = options
        self.folder = work_folder()
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.faults = []
        self.kills = []  # [from, to]: a replica was killed and is not back for everyone
        self.over = threading.Event()
        self.replicas = [self.replica(name) for name in "abc"]
        self.nginx = proxy.Proxy("nginx", self.folder / "nginx", [replica.port for replica in self.replicas])
        source = random.Random(options.seed)
        largest = int((options.megapixels * 1e6 / 1.5) ** 0.5)
        sizes = [(source.randint(16, 400), source.randint(16, 400)) for _ in range(6)]
        sizes += [(int(1.5 * side), side) for side in (largest // 3, largest)]
        self.photos = [png(width, height, source.choice(["noise", "gradient"]), seed=width) for width, height in sizes]
        self.references = [request(self.replicas[0].port, "POST", "/deblur", photo, PNG).body for photo in self.photos]

    def replica(self, name, port=None):
        return Service(
            self.folder,
            name,
            "--threads",
            "1",
            "--queue",
            "64",
            "--drain",
            "10s",
            "--trust-proxy",
            "127.0.0.1",
            "--header-timeout",
            "3s",
            "--body-timeout",
            "3s",
            port=port,
        )

    # What clients do.

    def photo(self, source):
        number = source.randrange(len(self.photos))
        began = time.time()
        answer = request(self.nginx.port, "POST", "/deblur", self.photos[number], PNG, timeout=300)
        code = json.loads(answer.body)["code"] if answer.status in (429, 503) else ""
        self.count(f"photo {answer.status} {code}".rstrip())
        if answer.status == 200:
            if answer.body != self.references[number]:
                self.fault(f"photo {number}: wrong bytes")
        elif answer.status == 429 or answer.status == 503:
            if "retry-after" not in answer.headers:
                self.fault(f"{answer.status} without Retry-After")
            # Lost with its replica: only while one was being killed.
            if code != "queue_full" and not self.was_killed_between(began, time.time()):
                self.fault(f"{answer.status} {code} although no replica was killed at that time")
            time.sleep(min(int(answer.headers.get("retry-after", 1)), 3) * source.random())
        else:
            self.fault(f"photo {number}: {answer.status} {answer.body[:200]!r}")

    def garbage(self, source):
        damaged = bytearray(source.choice(self.photos[:6]))
        for _ in range(source.randint(1, 8)):
            damaged[source.randrange(len(damaged))] ^= 1 << source.randrange(8)
        body = bytes(damaged[: source.randint(1, len(damaged))])
        answer = request(self.nginx.port, "POST", "/deblur", body, PNG, timeout=300)
        self.count(f"garbage {answer.status}")
        if answer.status not in (200, 415, 422, 429, 503):
            self.fault(f"garbage: {answer.status} {answer.body[:200]!r}")

    def leaves(self, source):
        client = send_only(self.nginx.port, "/deblur", self.photos[-1])
        time.sleep(source.random())
        client.close()
        self.count("left")

    def slow(self, source):
        """Straight to a replica: nginx would take it in and never show it."""
        try:
            client = socket.create_connection(("127.0.0.1", source.choice(self.replicas).port), timeout=20)
            client.sendall(
                b"POST /deblur HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n" + source.choice([b"", b"\r\nabc"])
            )
            began = time.time()
            while client.recv(4096):
                pass
            if time.time() - began > 15:
                self.fault("a slow client was kept for over 15 s")
            client.close()
        except OSError:
            pass  # The replica was killed, or reset the connection at its limit.
        self.count("slow")

    def client(self, number):
        source = random.Random(self.options.seed * 1000 + number)
        while not self.over.is_set():
            act = source.choices([self.photo, self.garbage, self.leaves, self.slow], [60, 20, 10, 10])[0]
            try:
                act(source)
            except Exception as error:  # One client's trouble is a finding, not the end of the run.
                self.fault(f"{act.__name__}: {type(error).__name__}: {error}")

    # What happens to replicas.

    def ender(self):
        source = random.Random(self.options.seed)
        while not self.over.wait(self.options.every):
            number = source.randrange(3)
            victim = self.replicas[number]
            how = self.options.how or source.choice(["killed", "drained"])
            if how == "killed":
                with self.lock:
                    self.kills.append([time.time(), float("inf")])
                victim.process.kill()
                victim.process.wait()
            else:
                stop(victim.process, 30)
                if victim.process.returncode != 0:
                    self.fault(f"drained replica ended with {victim.process.returncode}")
            self.replicas[number] = self.replica("abc"[number], port=victim.port)
            if how == "killed":
                with self.lock:
                    # nginx leaves a failed replica alone for fail_timeout (5 s).
                    self.kills[-1][1] = time.time() + 6
            self.count(how)

    def was_killed_between(self, first, last):
        with self.lock:
            return any(begin <= last and first <= end for begin, end in self.kills)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def fault(self, text):
        with self.lock:
            self.faults.append(text)
        print(f"FAULT   {text}", flush=True)

    def run(self):
        descriptors = len(os.listdir(f"/proc/{self.replicas[0].process.pid}/fd"))
        threads = [threading.Thread(target=self.client, args=(number,)) for number in range(CLIENTS)]
        threads.append(threading.Thread(target=self.ender))
        for thread in threads:
            thread.start()
        self.over.wait(self.options.minutes * 60)
        self.over.set()
        for thread in threads:
            thread.join()
        for name, replica in zip("abc", self.replicas):
            for gauge in ("deblur_queue_tiles", "deblur_workers_busy", "deblur_memory_reserved_bytes"):
                wait_for(lambda: metric(replica.port, gauge) == 0, 30, f"{name}: {gauge} at 0")
            stop_keeping = lambda: len(os.listdir(f"/proc/{replica.process.pid}/fd")) <= descriptors + 40
            wait_for(stop_keeping, 90, f"{name}: descriptors given back")
        expect(self.counts["photo 200"] > 0, True, "any photo was answered")
        expect(len(self.faults), 0, f"faults in {dict(self.counts)}")
        return ", ".join(f"{what}: {count}" for what, count in sorted(self.counts.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--megapixels", type=float, default=2)
    parser.add_argument("--every", type=float, default=20, help="seconds between two replicas' ends")
    parser.add_argument("--how", choices=["killed", "drained"], help="only this; otherwise both")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not proxy.program("nginx"):
        print("skipped: nginx is not installed")
        return 0
    print(f"seed {options.seed}")
    checks = Checks()
    checks.run(f"soak of {options.minutes} minutes", Soak(options).run)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
