"""Several replicas on one database, with a PostgreSQL that this script starts for itself.

    python3 Tests/acceptance/database.py [--only replicas …]

replicas  every replica answers for every job, with the bytes of a request that waits; events and exits likewise; a job that is
          deleted is gone everywhere
streams   a job's events come from either replica within a second of each other while it is done, and a stream that breaks off goes on
          at the other one where it was
kill      the replica that works on a job is killed: another one does it again, same bytes, event numbers without a gap
paused    a replica stands still beyond its lease and goes on: the job ends once, and what it wrote late is not there
restart   the database is stopped (fast, then immediate) and comes back: requests that wait are answered meanwhile, jobs get 503 with
          Retry-After, /readyz says so and stays 200; what was being done is done
network   two replicas at work lose the network to the database, so that nothing arrives any more or connections are reset: with a third
          one, that one does their jobs; without, they end what they have once it is back. Each job ends once, with the right bytes
"""

import argparse
import json
import re
import signal
import threading
import time

from outages import ask
from jobs import OVER, Events
from postgres import Database, Wire
from rig import SHORT, Checks, expect, png, service, stop, wait_for
from support import Skipped

ASYNCHRONOUS = {"Prefer": "respond-async"}
SMALL, MEDIUM, LARGE = png(700, 500, "noise"), png(1000, 1000, "noise"), png(1500, 1500, "noise")


def post(port, photo):
    answer = ask(port, "POST", "/deblur?exit=1", photo, ASYNCHRONOUS)
    expect(answer.status, 202, "the answer to a job")
    return json.loads(answer.body)["id"]


def job(port, name):
    return json.loads(ask(port, "GET", f"/jobs/{name}").body)


def done(port, name):
    return lambda: job(port, name)["state"] == "succeeded"


def events(port, name):
    """(numbers, names) of a finished job's events."""
    text = ask(port, "GET", f"/jobs/{name}/events").body.decode()
    return [int(number) for number in re.findall(r"^id: (\d+)", text, re.M)], re.findall(r"^event: (\w+)", text, re.M)


class Replicas:
    def __init__(self, database):
        self.database = database

    def serve(self, *names, connection=None):
        options = ("--database", connection or self.database.connection, "--migrate", "--threads", 1)
        return [service(*options, "--replica", name) for name in names]

    def replicas(self):
        first, second = self.serve("a", "b")
        reference = ask(first.port, "POST", "/deblur?exit=1", SMALL).body
        names = [post(first.port, SMALL) for _ in range(8)]
        for name in names:
            wait_for(done(second.port, name), 120, "a job")
            for target in (first, second):
                expect(ask(target.port, "GET", f"/jobs/{name}/result").body == reference, True, "the result's bytes")
        listed = [events(target.port, names[0]) for target in (first, second)]
        expect(listed[0], listed[1], "events")
        tiles = job(second.port, names[0])["tiles"]["total"]
        expect(listed[0], (list(range(1, tiles + 4)), ["queued", "started"] + ["tile"] * tiles + ["succeeded"]), "events")
        expect(len(json.loads(ask(second.port, "GET", f"/jobs/{names[0]}/exits").body)["tiles"]), tiles, "exits")
        heat_map = ask(first.port, "GET", f"/jobs/{names[0]}/exits", None, {"Accept": "image/png"}).body
        expect(heat_map[:4], b"\x89PNG", "the heat map")
        expect(ask(second.port, "DELETE", f"/jobs/{names[0]}").status, 204, "DELETE")
        expect([ask(t.port, "GET", f"/jobs/{names[0]}/result").status for t in (first, second)], [410, 410], "its result")
        expect(ask(first.port, "GET", "/jobs/" + "0" * 32).status, 404, "an id that nobody has")
        holders = self.database.ask("SELECT count(*) FROM deblur_jobs WHERE state = 'succeeded'")
        stop(first.process)
        stop(second.process)
        return f"{holders} jobs, {tiles} tiles each"

    def streams(self):
        targets = self.serve("a", "b")
        name = post(targets[0].port, LARGE)
        found = {}

        def follow(target):
            found[target.port] = {number: (at, event) for at, number, event, _ in Events(target.port, {"id": name})}

        threads = [threading.Thread(target=follow, args=(target,)) for target in targets]
        for thread in threads:
            thread.start()
        # A third client changes over after each third event.
        last, turn, names = 0, 0, []
        while not names or names[-1] not in OVER:
            stream = Events(targets[turn % 2].port, {"id": name}, after=last)
            for _, number, event, _ in stream:
                expect(number, last + 1, "the event after a change-over")
                last = number
                names.append(event)
                if number % 3 == 0 or event in OVER:
                    break
            stream.close()
            turn += 1
        for thread in threads:
            thread.join()
        one, other = (found[target.port] for target in targets)
        expect([event for _, event in one.values()], names, "events of a stream without a break")
        expect(list(one), list(other), "events of both replicas")
        # The first ones came before anybody asked.
        late = max(abs(one[number][0] - other[number][0]) for number in one if number > 2)
        expect(late < 1, True, f"an event within 1 s of the other replica's: {late:.2f} s")
        for target in targets:
            stop(target.process)
        return f"{len(names)} events, {turn} streams; at most {late * 1e3:.0f} ms between the replicas"

    def working(self, targets, name):
        """The replica that has begun a job, and one that has not."""
        wait_for(lambda: int(self.database.ask(f"SELECT events FROM deblur_jobs WHERE id = '{name}'") or 0) > 3, 60, "tiles")
        holder = self.database.ask(f"SELECT holder FROM deblur_jobs WHERE id = '{name}'")
        pid = int(holder.split()[-1])
        return sorted(targets, key=lambda target: target.process.pid != pid)

    def again(self, end):
        targets = self.serve("a", "b")
        reference = ask(targets[0].port, "POST", "/deblur?exit=1", LARGE).body
        name = post(targets[0].port, LARGE)
        worker, other = self.working(targets, name)
        began = time.monotonic()
        end(worker.process)
        # Its lease would last for half a minute more.
        self.database.ask(f"UPDATE deblur_jobs SET leased_until = now() WHERE id = '{name}'")
        wait_for(done(other.port, name), 120, "the job, done by the other")
        expect(self.database.ask(f"SELECT tries FROM deblur_jobs WHERE id = '{name}'"), "2", "tries")
        return name, worker, other, reference, time.monotonic() - began

    def check(self, port, name, reference):
        expect(ask(port, "GET", f"/jobs/{name}/result").body == reference, True, "the bytes of an undisturbed run")
        numbers, names = events(port, name)
        expect(numbers, list(range(1, len(numbers) + 1)), "event numbers")
        expect((names.count("started"), names.count("succeeded")), (1, 1), "how often it began and ended")

    def kill(self):
        name, worker, other, reference, seconds = self.again(lambda process: process.kill())
        worker.process.wait()
        self.check(other.port, name, reference)
        stop(other.process)
        return f"done again {seconds:.1f} s after the kill"

    def paused(self):
        name, worker, other, reference, seconds = self.again(lambda process: process.send_signal(signal.SIGSTOP))
        worker.process.send_signal(signal.SIGCONT)
        time.sleep(3)
        self.check(other.port, name, reference)
        self.check(worker.port, name, reference)
        note = post(worker.port, SMALL)
        wait_for(done(other.port, note), 60, "a job that comes after it")
        stop(worker.process)
        stop(other.process)
        return f"done again {seconds:.1f} s after the pause"

    def restart(self):
        target = self.serve("a")[0]
        reference = ask(target.port, "POST", "/deblur?exit=1", LARGE).body
        for mode in ("fast", "immediate"):
            name = post(target.port, LARGE)
            self.working([target], name)
            self.database.stop(mode)
            self.away(target)
            self.database.start()
            self.back(target, name)
            wait_for(done(target.port, name), 120, "what was being done")
            self.check(target.port, name, reference)
        stop(target.process)
        return "after an end by fast and by immediate"

    def away(self, target):
        """What a replica says and does without its database."""
        answer = ask(target.port, "POST", "/deblur?exit=1", SMALL, ASYNCHRONOUS)
        expect((answer.status, answer.headers["retry-after"].isdigit()), (503, True), "a job while the database is away")
        expect(ask(target.port, "POST", "/deblur?exit=1", SMALL).status, 200, "a request that waits")
        wait_for(lambda: b"database" in ask(target.port, "GET", "/readyz").body, 30, "/readyz says so")
        expect(ask(target.port, "GET", "/readyz").status, 200, "/readyz")

    def back(self, target, name):
        wait_for(lambda: ask(target.port, "GET", f"/jobs/{name}").status == 200, 60, "the database is found again")
        wait_for(lambda: ask(target.port, "GET", "/readyz").body == b"ready\n", 30, "/readyz is as before")

    def network(self):
        wires = [Wire(self.database.socket) for _ in "ab"]
        lost = [self.serve(name, connection=wire.connection)[0] for name, wire in zip("ab", wires)]
        reference = ask(lost[0].port, "POST", "/deblur?exit=1", MEDIUM).body
        ways = [("silent", True), ("refused", False), ("silent", False), ("refused", True)][: 2 if SHORT else 4]
        notes = [self.network_lost(wires, lost, reference, how, third) for how, third in ways]
        for target in lost:
            stop(target.process)
        return "; ".join(notes)

    def network_lost(self, wires, lost, reference, how, third):
        """Two replicas at work lose their network; `third`: another one has it."""
        names = []

        def both_work():
            # Whoever is first takes the next job: there may have to be a few.
            if len(names) < 8:
                names.append(post(lost[len(names) % 2].port, MEDIUM))
            return self.database.ask("SELECT count(DISTINCT holder) FROM deblur_jobs WHERE state = 'running' AND events > 2") == "2"

        wait_for(both_work, 60, "both at work")
        for wire in wires:
            wire.cut(how)
        began = time.monotonic()
        targets = list(lost)
        if third:
            targets += self.serve("c")
            # Their leases would last for half a minute more.
            self.database.ask("UPDATE deblur_jobs SET leased_until = now() WHERE state = 'running'")
            for name in names:
                wait_for(done(targets[-1].port, name), 180, "a job, done by the third replica")
        seconds = time.monotonic() - began
        for target in lost:
            self.away(target)
        for wire in wires:
            wire.mend()
        for target in lost:
            self.back(target, names[0])
        for name in names:
            try:
                wait_for(done(lost[0].port, name), 240, "a job whose replica was cut off")
            except AssertionError as error:
                row = f"SELECT state, tries, events, leased_until - now() FROM deblur_jobs WHERE id = '{name}'"
                raise AssertionError(f"{error} ({how}, {third=}): {self.database.ask(row)}") from None
        # Whoever was cut off has had the time to write what it must not.
        time.sleep(3)
        for target in targets:
            for name in names:
                self.check(target.port, name, reference)
        listed = ", ".join(f"'{name}'" for name in names)
        ended = self.database.ask(f"SELECT DISTINCT state FROM deblur_jobs WHERE id IN ({listed})")
        expect(ended, "succeeded", "how they ended")
        wait_for(done(lost[1].port, post(lost[0].port, SMALL)), 60, "a job that comes after it")
        if not third:
            return f"{how}, two of two: {len(names)} jobs done by themselves"
        stop(targets[-1].process)
        return f"{how}, two of three: {len(names)} jobs done by the third {seconds:.1f} s after"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+")
    arguments = parser.parse_args()
    checks = Checks()
    try:
        database = Database()
    except Skipped as reason:
        print(f"skipped: {reason}")
        raise SystemExit(77) from None
    replicas = Replicas(database)
    try:
        for name in arguments.only or ("replicas", "streams", "kill", "paused", "restart", "network"):
            checks.run(f"database: {name}", getattr(replicas, name))
    finally:
        database.remove()
    raise SystemExit(checks.finish())


if __name__ == "__main__":
    main()
