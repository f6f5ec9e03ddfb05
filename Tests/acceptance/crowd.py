"""Very many small jobs through three replicas on one database, with a PostgreSQL that this script starts for itself.

    python3 Tests/acceptance/crowd.py [--jobs 10000] [--churn MINUTES] [--only latency …]

The photos are of 8 x 8 pixels and the model is the tests' smallest, about a millisecond a photo: what is measured is what a job costs
beside its work. Commits are synced, as in production.

latency   one job after the other, from its POST to the end of its events: on a state folder, in a database; the difference is what the
          database adds
through   the jobs, posted at once to three replicas with a state folder each, and to three with one database: each is done once,
          begun once, with the bytes of a request that waits, read from another replica than took it; jobs per second
expiry    (with through) every result expires: how large the database was and is, and that nothing of them is left
churn     so many minutes of jobs whose results live for 10 s: tables and indexes stop growing
"""

import argparse
import collections
import json
import os
import threading
import time

from rig import ROOT, SHORT, Checks, connect, expect, metric, percentile, png, service, stop, wait_for, work_folder
from postgres import Database
from support import Skipped

MODEL = ROOT / "Tests/Fixtures/network/nafnet_pth/weights.pth"
PHOTOS = [png(8, 8, "noise", seed) for seed in range(16)]
ASYNCHRONOUS = {"Prefer": "respond-async"}
CLIENTS = 6
SIZES = """
    SELECT relname, pg_total_relation_size(c.oid), n_dead_tup, autovacuum_count FROM pg_class c
    JOIN pg_stat_user_tables USING (relname) WHERE relname LIKE 'deblur%' ORDER BY relname"""


def replica(name, *options):
    return service("--model", MODEL, "--threads", 1, "--replica", name, *options)


def on_folders(*options):
    return [replica(name, "--state-dir", work_folder(), *options) for name in "abc"]


def on_database(database, *options):
    return [replica(name, "--database", database.connection, "--migrate", *options) for name in "abc"]


class Client:
    """Keeps a connection to each replica."""

    def __init__(self, targets):
        self.connections = [connect(target.port, 120) for target in targets]

    def ask(self, number, method, path, body=None, headers=None):
        connection = self.connections[number % len(self.connections)]
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def post(self, number):
        """A job; where the machine is so busy that the database has no answer in time, the 503 is waited out, at most a minute."""
        deadline = time.monotonic() + 60
        while True:
            status, body = self.ask(number, "POST", "/deblur", PHOTOS[number % len(PHOTOS)], ASYNCHRONOUS)
            if status != 503 or time.monotonic() > deadline:
                break
            time.sleep(1)
        expect(status, 202, f"the answer to a job: {body[:200]!r}")
        return json.loads(body)["id"]


def side_by_side(count, work):
    """Calls work(number) for each number below `count`, by turns in a few threads; the first failure is raised."""
    failures = []

    def some(first):
        try:
            work(range(first, count, CLIENTS))
        except Exception as error:  # Told by the thread that waits.
            failures.append(error)

    threads = [threading.Thread(target=some, args=(first,), daemon=True) for first in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Crowd:
    def __init__(self, options):
        self.options = options
        self.database = Database(synced=True)
        self.references = None

    # One after the other.

    def latency(self):
        times = {}
        for name, make in (("folder", on_folders), ("database", lambda: on_database(self.database))):
            targets = make()
            times[name] = self.seconds_of_jobs(targets[0], 40 if SHORT else 400)
            for target in targets:
                stop(target.process)
        middle = {name: 1e3 * percentile(found, 0.5) for name, found in times.items()}
        late = {name: 1e3 * percentile(found, 0.95) for name, found in times.items()}
        # As much as a person would not notice, on any machine.
        expect(middle["database"] - middle["folder"] < 500, True, f"less than half a second added: {middle}")
        each = ", ".join(f"{name} {middle[name]:.1f} ms (95 %: {late[name]:.1f})" for name in times)
        return f"median of {len(times['folder'])} jobs: {each}; added: {middle['database'] - middle['folder']:.1f} ms"

    @staticmethod
    def seconds_of_jobs(target, count):
        client, times = Client([target]), []
        for number in range(count + 10):
            began = time.monotonic()
            name = client.post(number)
            _, text = client.ask(0, "GET", f"/jobs/{name}/events")
            expect(b"event: succeeded" in text, True, f"the end of {name}")
            times.append(time.monotonic() - began)
        return times[10:]

    # All at once.

    def through(self):
        notes = []
        for name, make in (("folders", on_folders), ("database", lambda: on_database(self.database))):
            targets = make()
            self.references = self.references or self.waited(targets[0])
            before = self.counts() if name == "database" else None
            names, posting, seconds = self.post_all(targets, name)
            self.all_right(targets, names, name)
            per_second = self.options.jobs / seconds
            notes.append(f"{name}: {per_second:.0f} jobs/s (accepted {self.options.jobs / posting:.0f}/s)")
            if name == "database":
                after = self.counts()
                added = {key: after[key] - before[key] for key in after}
                wanted = {key: self.options.jobs for key in ("jobs", "tries", "succeeded", "begun", "ended", "results")}
                expect({key: added[key] for key in wanted}, wanted, "what the tables say")
                notes.append(self.expiry(targets))
            for target in targets:
                stop(target.process)
        return "; ".join(notes)

    @staticmethod
    def waited(target):
        client = Client([target])
        answers = [client.ask(0, "POST", "/deblur", photo) for photo in PHOTOS]
        expect({status for status, _ in answers}, {200}, "photos that wait")
        return [body for _, body in answers]

    def post_all(self, targets, store):
        """(ids, seconds until all were accepted, seconds until all were done)"""
        names = [None] * self.options.jobs

        def post(numbers):
            client = Client(targets)
            for number in numbers:
                names[number] = client.post(number)

        began = time.monotonic()
        side_by_side(len(names), post)
        posting = time.monotonic() - began
        if store == "database":
            left = "SELECT count(*) FROM deblur_jobs WHERE state IN ('queued', 'running')"
            wait_for(lambda: self.database.ask(left) == "0", 1800, "all jobs done")
        else:
            ended = 'deblur_jobs_ended_total{state="succeeded"}'
            wait_for(lambda: sum(metric(t.port, ended) for t in targets) >= len(names), 1800, "all jobs done")
        return names, posting, time.monotonic() - began

    def all_right(self, targets, names, store):
        expect(len(set(names)), len(names), "ids")

        def check(numbers):
            client = Client(targets)
            for number in numbers:
                # With a database from another replica than the one that took it in.
                target = number + 1 if store == "database" else number
                status, body = client.ask(target, "GET", f"/jobs/{names[number]}/result")
                expect((status, body == self.references[number % len(PHOTOS)]), (200, True), f"the result of job {number}")

        side_by_side(len(names), check)
        ended = [metric(t.port, "deblur_jobs_ended_total", 'state="succeeded"') for t in targets]
        expect(sum(ended), len(names), "jobs that replicas say they have ended")
        if store == "database":
            shares = ", ".join(f"{share / len(names):.0%}" for share in ended)
            print(f"note    shares of the replicas: {shares}", flush=True)

    def counts(self):
        row = self.database.ask(
            """SELECT count(*), coalesce(sum(tries), 0), count(*) FILTER (WHERE state = 'succeeded'),
            (SELECT count(*) FROM deblur_events WHERE name = 'started'),
            (SELECT count(*) FROM deblur_events WHERE name = 'succeeded'),
            (SELECT count(*) FROM deblur_pieces WHERE kind = 'result') FROM deblur_jobs"""
        )
        keys = ("jobs", "tries", "succeeded", "begun", "ended", "results")
        return dict(zip(keys, map(int, row.split("|"))))

    def megabytes(self):
        return int(self.database.ask("SELECT pg_database_size('postgres')")) / 1e6

    def expiry(self, targets):
        full = self.megabytes()
        began = time.monotonic()
        self.database.ask("UPDATE deblur_jobs SET expires_at = now() WHERE NOT is_gone")
        wait_for(lambda: self.database.ask("SELECT count(*) FROM deblur_jobs WHERE NOT is_gone") == "0", 900, "results expire")
        seconds = time.monotonic() - began
        expect(self.database.ask("SELECT count(*) FROM deblur_pieces"), "0", "pieces of results that have expired")
        expect(self.database.ask("SELECT count(*) FROM deblur_events"), "0", "events of jobs that have expired")
        expired = self.megabytes()
        self.database.ask("VACUUM")
        vacuumed = self.megabytes()
        self.database.ask("VACUUM FULL")
        least = self.megabytes()
        expect(expired <= full * 1.5 + 20, True, f"{full:.0f} MB before expiry, {expired:.0f} MB after")
        return (
            f"database {full:.0f} MB, {expired:.0f} MB once all had expired ({seconds:.0f} s), "
            f"{vacuumed:.0f} MB after VACUUM, {least:.0f} MB of it in use"
        )

    # For a while.

    def churn(self):
        """Jobs without a pause; the sizes of tables in the second third of the time and in the last."""
        seconds = self.options.churn * 60
        targets = on_database(self.database, "--result-ttl", "10s")
        # As after the first 10,000: so many that are gone are remembered.
        self.database.ask(
            """INSERT INTO deblur_jobs (id, client, state, record, bytes, memory, tiles, is_gone, expires_at)
            SELECT md5(n::text), 'a', 'succeeded', repeat('x', 400), 0, 0, 1, true, now() + interval '1 day'
            FROM generate_series(1, 10000) AS n"""
        )
        over, done = time.monotonic() + seconds, collections.Counter()

        def post(numbers):
            client = Client(targets)
            for number in numbers:
                if time.monotonic() > over:
                    return
                name = client.post(number)
                # As many as are done, so that it is a stream and not a heap.
                _, text = client.ask(number + 1, "GET", f"/jobs/{name}/events")
                expect(b"event: succeeded" in text, True, f"the end of {name}")
                done["jobs"] += 1

        failures, samples = [], []
        thread = threading.Thread(target=self.guarded, args=(failures, lambda: side_by_side(1 << 40, post)), daemon=True)
        thread.start()
        began = time.monotonic()
        while thread.is_alive():
            thread.join(max(1, seconds / 60))
            rows = [row.split("|") for row in self.database.ask(SIZES).splitlines()]
            total = sum(int(row[1]) for row in rows) / 1e6
            samples.append((time.monotonic() - began, total))
            sizes = ", ".join(f"{name[7:]} {int(size) / 1e6:.1f} ({dead} dead, {runs} vacuums)" for name, size, dead, runs in rows)
            print(f"  {samples[-1][0]:4.0f} s: {done['jobs']} jobs, {total:.1f} MB: {sizes}", flush=True)
        if failures:
            raise failures[0]
        for target in targets:
            stop(target.process)
        late = [size for at, size in samples if at > seconds * 2 / 3]
        middle = [size for at, size in samples if seconds / 3 < at <= seconds * 2 / 3]
        expect(max(late) <= max(middle) * 1.2 + 5, True, f"largest in the last third {max(late):.1f} MB, before {max(middle):.1f} MB")
        sizes = f"at most {max(middle):.1f} MB in the second third, {max(late):.1f} in the last"
        return f"{done['jobs']} jobs in {seconds / 60:g} min; tables {sizes}"

    @staticmethod
    def guarded(failures, work):
        try:
            work()
        except Exception as error:  # Told by the thread that waits.
            failures.append(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=300 if SHORT else 10_000)
    parser.add_argument("--churn", type=float, default=0, help="minutes; 0: not tried")
    parser.add_argument("--only", nargs="+")
    options = parser.parse_args()
    checks = Checks()
    try:
        crowd = Crowd(options)
    except Skipped as reason:
        print(f"skipped: {reason}")
        raise SystemExit(77) from None
    print(f"{options.jobs} jobs, {os.cpu_count()} cores")
    try:
        for name in options.only or ("latency", "through", *(["churn"] if options.churn else [])):
            checks.run(f"crowd: {name}", getattr(crowd, name))
    finally:
        crowd.database.remove()
    raise SystemExit(checks.finish())


if __name__ == "__main__":
    main()
