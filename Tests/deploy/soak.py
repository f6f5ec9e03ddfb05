"""Mixed load on three replicas behind nginx while one of them is killed every minute.

    python3 Tests/deploy/soak.py [--minutes 5] [--megapixels 24] [--every 60] [--seed 1] [--database]

Clients post photos and jobs, follow events, poll, delete, leave, send damage, write and read slowly. Every 200 has to
equal the bytes of a calm run. An answer may be lost only with a replica that was killed while it worked on it, an
accepted job never; draining loses nothing. Afterwards nothing may be left: no job that is not over, no queue, no
reserved memory, no busy worker, no descriptor, no file of a job, and no more memory than after one calm round.

With --database the replicas have one queue in a PostgreSQL that is started for it, and that is restarted now and then as well.
"""

import argparse
import collections
import os
import random
import threading
import time
from pathlib import Path

import proxy
from postgres import Database
from soak_clients import Clients
from support import Checks, Service, Skipped, expect, metric, png, request, stop, wait_for, work_folder

PNG = {"Content-Type": "image/png"}
BUDGET = 1 << 30
RESULT_SECONDS = 45


def resident(process, field="VmRSS"):
    return int(Path(f"/proc/{process.pid}/status").read_text().split(f"{field}:")[1].split()[0]) * 1024


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


class Soak:
    def __init__(self, options):
        self.options = options
        self.result_seconds = RESULT_SECONDS
        self.folder = work_folder()
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.faults = []
        self.kills = []  # [from, to]: a replica was killed and is not back for everyone, or the machine stood still
        self.deaths = []  # when a replica was killed
        self.drains = []  # [from, to]: a replica was drained and is not back; only its own jobs have to wait for it
        self.over = threading.Event()
        self.highest = 0
        self.slowest_health = 0.0
        self.database = Database() if options.database else None
        self.replicas = [self.replica(name) for name in "abc"]
        self.nginx = proxy.Proxy("nginx", self.folder / "nginx", [replica.port for replica in self.replicas])
        self.make_photos(random.Random(options.seed))

    def replica(self, name, port=None):
        if self.database:
            # One store for three, and ids without a replica's name: any of them answers.
            store = ("--database", self.database.connection, "--migrate", "--spool-limit", "3GiB")
        else:
            state = self.folder / f"state-{name}"
            state.mkdir(exist_ok=True)
            store = ("--state-dir", state, "--replica", name, "--spool-limit", "1GiB")
        # A drain that is given time loses nothing; a photo of 24 megapixels takes long where others take turns with it.
        options = "--threads 1 --queue 600 --drain 120s --trust-proxy 127.0.0.1 --header-timeout 3s --body-timeout 3s"
        options += f" --memory-budget {BUDGET} --result-ttl {RESULT_SECONDS}s"
        environment = {"MALLOC_ARENA_MAX": "2"}
        return Service(self.folder, name, *options.split(), *store, port=port, environment=environment)

    def make_photos(self, source):
        """From a tenth of a megapixel and less up to the largest; large ones are rarer, by their work."""
        port = self.replicas[0].port
        megapixels = [0.01, 0.1, 0.1, 0.2, 0.5, 1, 2, 4, 8, 12, 24]
        self.photos, self.weights = [], []
        for number, size in enumerate(m for m in megapixels if m <= self.options.megapixels):
            height = int((size * 1e6 * source.uniform(0.5, 1)) ** 0.5)
            width = int(size * 1e6 / height)
            kind = "noise" if size <= 4 and number % 2 else "gradient"
            photo = png(width, height, kind, seed=number)
            if number % 3 == 2:  # A JPEG of the service's own making.
                photo = self.calm(port, photo, "?format=jpeg&exit=1")
            self.photos.append(photo)
            self.weights.append(1 / (0.2 + size))
        self.references = [self.calm(port, photo) for photo in self.photos]
        self.calm_bytes = resident(self.replicas[0].process)
        self.calm_descriptors = descriptors(self.replicas[0].process)
        sizes = ", ".join(f"{len(photo) / 1e6:.1f}" for photo in self.photos)
        print(f"photos of {sizes} MB; {self.calm_bytes >> 20} MiB resident after one of each", flush=True)

    def calm(self, port, photo, query=""):
        answer = request(port, "POST", f"/deblur{query}", photo, timeout=900)
        expect(answer.status, 200, f"a calm answer {answer.body[:200]!r}")
        return answer.body

    # What happens to replicas.

    def end(self, source, how):
        number = source.randrange(3)
        victim = self.replicas[number]
        if how == "killed":
            with self.lock:
                self.kills.append([time.time(), float("inf")])
                self.deaths.append(time.time())
            victim.process.kill()
            victim.process.wait()
        else:
            with self.lock:
                self.drains.append([time.time(), float("inf")])
            stop(victim.process, 150)
            if victim.process.returncode != 0:
                self.fault(f"drained replica ended with {victim.process.returncode}")
        self.replicas[number] = self.replica("abc"[number], port=victim.port)
        with self.lock:
            # nginx leaves a failed replica alone for fail_timeout (5 s).
            (self.kills if how == "killed" else self.drains)[-1][1] = time.time() + 6
        self.count(f"replica {how}")

    def ender(self):
        """A kill every `every` seconds, a drain between every third of them and the next, a restart of the database before that."""
        source = random.Random(self.options.seed)
        turn = 0
        while not self.over.wait(self.options.every / 2):
            turn += 1
            if turn % 2 == 0:
                self.end(source, "killed")
            elif turn % 6 == 5:
                self.end(source, "drained")
            elif turn % 6 == 3 and self.database:
                self.restart_database(source.choice(("fast", "immediate")))

    def restart_database(self, mode):
        with self.lock:
            self.kills.append([time.time(), float("inf")])
        self.database.stop(mode)
        self.over.wait(3)
        self.database.start()
        with self.lock:
            # Connections are tried again after 10 s at the latest.
            self.kills[-1][1] = time.time() + 15
        self.count("database restarted")

    def watcher(self):
        """Health through the proxy, and the replicas' memory, every second; and whether the machine stood still."""
        last = time.time()
        while not self.over.wait(1):
            if time.time() - last > 10:
                # Everything was stopped for that long (a suspended machine); limits in time passed meanwhile.
                with self.lock:
                    self.kills.append([last, time.time() + 6])
                self.count("machine stood still")
            last = time.time()
            try:
                answer = request(self.nginx.port, "GET", "/healthz", timeout=20)
                self.slowest_health = max(self.slowest_health, answer.seconds)
                if answer.status != 200 and not self.was_disturbed_between(time.time() - 5, time.time()):
                    self.fault(f"/healthz {answer.status}")
            except OSError as error:
                self.fault(f"/healthz: {error}")
            for replica in list(self.replicas):
                try:
                    self.highest = max(self.highest, resident(replica.process))
                except (OSError, IndexError):
                    pass  # It has just been ended.

    def was_disturbed_between(self, first, last, drained=False):
        """By a kill; if `drained`, by a drain too: a job's own replica may be either."""
        with self.lock:
            spans = self.kills + self.drains if drained else self.kills
            return any(begin <= last and first <= end for begin, end in spans)

    def kills_since(self, time):
        """How many replicas were killed after it."""
        with self.lock:
            return sum(begin >= time for begin in self.deaths)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def fault(self, text):
        with self.lock:
            self.faults.append(text)
        print(f"FAULT   {text}", flush=True)

    # The run.

    def run(self):
        clients = Clients(self)
        threads = [threading.Thread(target=work, daemon=True) for work in (self.ender, self.watcher)]
        threads += clients.threads(self.options.clients)
        for thread in threads:
            thread.start()
        began = time.time()
        while not self.over.wait(min(60, max(0.1, began + self.options.minutes * 60 - time.time()))):
            minutes = (time.time() - began) / 60
            print(f"  {minutes:4.1f} min: {self.summary()}", flush=True)
            if minutes >= self.options.minutes:
                self.over.set()
        for thread in threads:
            thread.join(300)
            expect(thread.is_alive(), False, "a client that does not come back")
        jobs = clients.settle()
        self.nothing_is_left()
        for wanted in ("photo 200", "job succeeded"):
            expect(self.counts[wanted] > 0, True, f"any {wanted} in {dict(self.counts)}")
        expect(len(self.faults), 0, f"faults in {self.summary()}")
        return f"{self.summary()}; {jobs} jobs accepted; slowest /healthz {self.slowest_health * 1000:.0f} ms; " \
            f"highest memory of a replica {self.highest >> 20} MiB, {self.idle} MiB when idle again"

    def summary(self):
        with self.lock:
            return ", ".join(f"{what}: {count}" for what, count in sorted(self.counts.items()))

    def jobs_are_over(self):
        """Also those that no client knows of, because their 202 was lost with a replica: a large photo in whose middle one was killed
        waits for its lease and for everybody else before it is begun again."""
        for name, replica in zip("abc", self.replicas):
            for state in ("queued", "running"):
                wait_for(lambda: metric(replica.port, "deblur_jobs", f'state="{state}"') == 0, 300, f"{name}: no job {state}")

    def rows(self):
        """What the database keeps, for a message."""
        return self.database.ask(
            "SELECT string_agg(concat_ws(' ', id, state, 'gone', is_gone, 'tries', tries, 'bytes', bytes, 'expires in', "
            "expires_at - now()), E'\n') FROM deblur_jobs "
            "WHERE EXISTS (SELECT FROM deblur_pieces WHERE job = id) OR EXISTS (SELECT FROM deblur_events WHERE job = id)")

    def nothing_is_left(self):
        self.jobs_are_over()
        for name, replica in zip("abc", self.replicas):
            for gauge in ("deblur_queue_tiles", "deblur_queue_images", "deblur_workers_busy",
                          "deblur_memory_reserved_bytes"):
                wait_for(lambda: metric(replica.port, gauge) == 0, 60, f"{name}: {gauge} at 0")
            # nginx keeps up to 32 connections of its workers each.
            wait_for(lambda: descriptors(replica.process) <= self.calm_descriptors + 64 + 16, 90,
                     f"{name}: descriptors given back, {descriptors(replica.process)} now")
            if not self.database:
                state = self.folder / f"state-{name}"
                wait_for(lambda: not kept(state), RESULT_SECONDS + 90, f"{name}: files of jobs gone: {kept(state)[:5]}")
                expect([p.name for p in (state / "damaged").glob("*")], [], f"{name}: set aside as damaged")
        if self.database:
            # A large result that is being read stays for five minutes; its reader may have left. They are not waited for.
            late = f"SELECT count(*) FROM deblur_jobs WHERE NOT is_gone AND expires_at > now() + interval '{max(300, RESULT_SECONDS)} s'"
            expect(self.database.ask(late), "0", "results that are kept too long")
            self.database.ask("UPDATE deblur_jobs SET expires_at = now() WHERE NOT is_gone")
            rows = "SELECT (SELECT count(*) FROM deblur_pieces) + (SELECT count(*) FROM deblur_events)"
            wait_for(lambda: self.database.ask(rows) == "0", 90,
                     lambda: f"pieces and events of jobs gone, there are those of {self.rows()}")
            expect(self.database.ask("SELECT count(*) FROM deblur_jobs WHERE NOT is_gone"), "0", "jobs that are not over")
        self.idle = max(resident(replica.process) for replica in self.replicas) >> 20
        allowed = (self.calm_bytes >> 20) * 3 // 2 + 64
        expect(self.idle <= allowed, True, f"{self.idle} MiB when idle, {allowed} allowed")
        most = (BUDGET >> 20) + 256
        expect(self.highest >> 20 <= most, True, f"{self.highest >> 20} MiB at most, {most} allowed")


def kept(state):
    """Photos, results and half-written files in a state folder."""
    found = [str(p) for p in state.glob("jobs/*/*") if p.name in ("photo", "result")]
    return found + [str(p) for p in state.glob("incoming/*")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--megapixels", type=float, default=24, help="of the largest photo")
    parser.add_argument("--every", type=float, default=60, help="seconds between two kills")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", action="store_true", help="in place of state folders")
    options = parser.parse_args()
    if not proxy.program("nginx"):
        print("skipped: nginx is not installed")
        return 77
    print(f"seed {options.seed}")
    checks = Checks()
    try:
        soak = Soak(options)
    except Skipped as reason:
        print(f"skipped: {reason}")
        return 77
    try:
        checks.run(f"soak of {options.minutes:g} minutes{', with a database' if options.database else ''}", soak.run)
    finally:
        if soak.database:
            soak.database.remove()
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
