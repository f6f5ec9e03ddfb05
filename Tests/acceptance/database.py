"""Several replicas on one database, with a PostgreSQL that this script starts for itself.

    python3 Tests/acceptance/database.py [--only replicas …]

replicas  every replica answers for every job, with the bytes of a request that waits; events and exits likewise; a job that is
          deleted is gone everywhere
kill      the replica that works on a job is killed: another one does it again, same bytes, event numbers without a gap
paused    a replica stands still beyond its lease and goes on: the job ends once, and what it wrote late is not there
restart   the database is stopped (fast, then immediate) and comes back: requests that wait are answered meanwhile, jobs get 503 with
          Retry-After, /readyz says so and stays 200; what was being done is done
"""

import argparse
import glob
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from outages import ask
from rig import Checks, expect, png, service, stop, wait_for
from support import Skipped

ASYNCHRONOUS = {"Prefer": "respond-async"}
SMALL, LARGE = png(700, 500, "noise"), png(1500, 1500, "noise")


class Database:
    """A server of PostgreSQL with a socket in a folder of its own, and no port."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb")) or [shutil.which("initdb")]
        if not found[-1]:
            raise Skipped("PostgreSQL's server is not installed")
        self.programs = Path(found[-1]).parent
        # The path of a Unix socket has to be short.
        self.folder = tempfile.mkdtemp(prefix="deblur-pg-", dir="/tmp")
        self.user = []
        if os.geteuid() == 0:  # PostgreSQL does not run as root.
            os.chown(self.folder, pwd.getpwnam("nobody").pw_uid, -1)
            self.user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        self.call("initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "deblur", "--no-sync")
        self.start()

    def call(self, program, *arguments):
        subprocess.run(
            [*self.user, str(self.programs / program), *arguments], cwd=self.folder, check=True, stdout=subprocess.DEVNULL
        )

    def start(self):
        options = ["listen_addresses=", f"unix_socket_directories={self.folder}", "fsync=off"]
        arguments = [argument for option in options for argument in ("-c", option)]
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.user, str(self.programs / "postgres"), "-D", f"{self.folder}/data", *arguments],
                cwd=self.folder,
                stderr=log,
            )
        wait_for(lambda: self.ask("SELECT 1") == "1", 60, "the database")

    def stop(self, mode="fast"):
        self.process.send_signal({"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
        self.process.wait()

    def ask(self, statement):
        command = ["psql", "-h", self.folder, "-U", "deblur", "postgres", "-tAc", statement]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def remove(self):
        if self.process.poll() is None:
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def connection(self):
        return f"host={self.folder} user=deblur dbname=postgres"


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

    def serve(self, *names):
        options = ("--database", self.database.connection, "--migrate", "--threads", 1)
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
            answer = ask(target.port, "POST", "/deblur?exit=1", SMALL, ASYNCHRONOUS)
            expect((answer.status, answer.headers["retry-after"].isdigit()), (503, True), "a job while the database is away")
            expect(ask(target.port, "POST", "/deblur?exit=1", SMALL).status, 200, "a request that waits")
            wait_for(lambda: b"database" in ask(target.port, "GET", "/readyz").body, 20, "/readyz says so")
            expect(ask(target.port, "GET", "/readyz").status, 200, "/readyz")
            self.database.start()
            wait_for(lambda: ask(target.port, "GET", f"/jobs/{name}").status == 200, 30, "the database is found again")
            wait_for(done(target.port, name), 120, "what was being done")
            self.check(target.port, name, reference)
            wait_for(lambda: ask(target.port, "GET", "/readyz").body == b"ready\n", 30, "/readyz is as before")
        stop(target.process)
        return "after an end by fast and by immediate"


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
        for name in arguments.only or ("replicas", "kill", "paused", "restart"):
            checks.run(f"database: {name}", getattr(replicas, name))
    finally:
        database.remove()
    raise SystemExit(checks.finish())


if __name__ == "__main__":
    main()
