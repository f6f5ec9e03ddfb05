"""Keys that own their jobs, with jobs in a state folder and with jobs in a database and two replicas on it.

    python3 Tests/acceptance/tenants.py [--only folder database] [--samples 2000]

others    whatever another key asks of a job that waits, is done or was deleted: 404, as of a job that never was
timing    a job of another key is not told from one that never was by the time of the answer: their medians differ by less than a
          tenth, over so many requests of each by turns
lists     every job of a key, each once, newest first, in pages of 7, beside another key that posts at the same time
limits    of 60 jobs that come at once as many are taken as the key may have; after a DELETE one more; photos beyond the rate get 429
restart   the key file is written anew and the service started again: jobs stay with their name and with their key
"""

import argparse
import concurrent.futures
import json
import os
from pathlib import Path

from database import Database
from outages import ask
from rig import Checks, connect, expect, percentile, png, request, service, stop, wait_for, work_folder

KEYS = ["alice: alice-1", "bob: bob-1", "unnamed-1", "mallory: mallory-1", "dora jobs=20: dora-1", "carol rate=5/h: carol-1"]
PHOTO = png(60, 60, "noise")
LARGE = png(1500, 1500, "noise")
UNKNOWN = "0" * 32


def headers(key, **more):
    return {"Authorization": f"Bearer {key}"} | more


def ids(answer):
    expect(answer.status, 200, "GET /jobs")
    return [job["id"] for job in json.loads(answer.body)["jobs"]]


class Tenants:
    """One store."""

    def __init__(self, store, samples):
        self.store, self.samples = store, samples
        self.folder = Path(work_folder())
        self.database = Database() if store == "database" else None
        self.start(KEYS)

    def start(self, lines):
        (self.folder / "keys").write_text("\n".join(lines))
        where = ("--database", self.database.connection, "--migrate") if self.database else ("--state-dir", self.folder / "state")
        options = ("--api-key-file", self.folder / "keys", "--threads", 1, *where)
        self.services = [service(*options) for _ in range(2 if self.database else 1)]

    def stop(self):
        for one in self.services:
            stop(one.process)

    def end(self):
        self.stop()
        if self.database:
            self.database.remove()

    def ask(self, method, path, key, body=None, which=0, **more):
        return ask(self.services[which % len(self.services)].port, method, path, body, headers(key, **more))

    def post(self, key, photo=PHOTO, which=0):
        answer = self.ask("POST", "/deblur?exit=1", key, photo, which, Prefer="respond-async")
        expect(answer.status, 202, "a job")
        return json.loads(answer.body)["id"]

    def is_done(self, key, name):
        return lambda: json.loads(self.ask("GET", f"/jobs/{name}", key).body)["state"] == "succeeded"

    def others(self):
        done = self.post("alice-1")
        wait_for(self.is_done("alice-1", done), 60, "a job")
        deleted = self.post("alice-1")
        wait_for(self.is_done("alice-1", deleted), 60, "a job")
        expect(self.ask("DELETE", f"/jobs/{deleted}", "alice-1").status, 204, "DELETE")
        expect(self.ask("GET", f"/jobs/{deleted}", "alice-1").status, 410, "a job that is gone")
        working, waiting = self.post("alice-1", LARGE), self.post("alice-1", LARGE)
        asked = 0
        for which in range(len(self.services)):
            for key in ("bob-1", "unnamed-1"):
                for method, path in [("GET", ""), ("GET", "/events"), ("GET", "/result"), ("GET", "/exits"), ("HEAD", ""), ("DELETE", "")]:
                    never = self.ask(method, f"/jobs/{UNKNOWN}{path}", key, which=which)
                    for name in (done, deleted, working, waiting):
                        answer = self.ask(method, f"/jobs/{name}{path}", key, which=which)
                        request_id = answer.headers["x-request-id"].encode()
                        told = answer.body.replace(request_id, never.headers["x-request-id"].encode())
                        expect((answer.status, told), (404, never.body), f"{method} {path} by another key")
                        expect(sorted(answer.headers), sorted(never.headers), "its fields")
                        asked += 1
                expect(ids(self.ask("GET", "/jobs", key, which=which)), [], "another key's list")
        for name in (working, waiting):
            wait_for(self.is_done("alice-1", name), 120, "a job that others wanted to delete")
        # With tiles, so that it would take its time to read.
        self.foreign = working
        return f"{asked} requests"

    def timing(self):
        connections = {}
        times = {UNKNOWN: [], self.foreign: []}
        for _ in range(self.samples):
            for name in times:
                connection = connections.setdefault(name, connect(self.services[0].port))
                answer = request(0, "GET", f"/jobs/{name}", None, headers("bob-1"), connection=connection)
                expect(answer.status, 404, "another key's job")
                times[name].append(answer.seconds)
        unknown, foreign = (percentile(times[name], 0.5) for name in (UNKNOWN, self.foreign))
        note = f"median {1e6 * unknown:.0f} µs for one that never was, {1e6 * foreign:.0f} µs for another's"
        if abs(unknown - foreign) > 0.1 * unknown:
            raise AssertionError(note)
        return note

    def lists(self):
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            posted = [pool.submit(self.post, ("bob-1", "mallory-1")[number % 2], PHOTO, number) for number in range(60)]
        expected = {posted[number].result() for number in range(0, 60, 2)}
        found, path, pages = [], "/jobs?limit=7", 0
        while path:
            answer = json.loads(self.ask("GET", path, "bob-1", which=pages).body)
            found += answer["jobs"]
            pages += 1
            path = answer["next"] and f"/jobs?limit=7&after={answer['next']}"
        expect(len(found), len(expected), "jobs in the list")
        expect({job["id"] for job in found}, expected, "the key's jobs")
        if not self.database:  # Replicas' clocks may differ by a millisecond; the order is that of the table.
            expect(found, sorted(found, key=lambda job: job["created_at"], reverse=True), "newest first")
        wait_for(self.is_done("bob-1", found[0]["id"]), 120, "the newest job")
        by_state = [ids(self.ask("GET", f"/jobs?limit=500&state={state}", "bob-1")) for state in ("queued", "running", "succeeded")]
        expect(sorted(sum(by_state, [])), sorted(expected), "by state")
        return f"{pages} pages"

    def limits(self):
        def attempt(number):
            return self.ask("POST", "/deblur?exit=1", "dora-1", PHOTO, number, Prefer="respond-async")

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(attempt, range(60)))
        statuses = [answer.status for answer in answers]
        expect((statuses.count(202), statuses.count(507)), (20, 40), "jobs taken and refused")
        refused = next(answer for answer in answers if answer.status == 507)
        expect(json.loads(refused.body)["limit"], 20, "the limit")
        expect("retry-after" in refused.headers, True, "Retry-After")
        kept = ids(self.ask("GET", "/jobs?limit=500", "dora-1"))
        expect(len(kept), 20, "jobs kept")
        expect(self.ask("DELETE", f"/jobs/{kept[0]}", "dora-1").status, 204, "DELETE")
        self.post("dora-1")
        expect(attempt(0).status, 507, "one more")
        statuses = [self.ask("POST", "/deblur?exit=1", "carol-1", PHOTO).status for _ in range(7)]
        expect(statuses, [200] * 5 + [429] * 2, "photos of a key with a rate")
        return "20 of 60 at once, 5 of 7"

    def restart(self):
        named, unnamed, gone = self.post("alice-1"), self.post("unnamed-1"), self.post("mallory-1")
        waiting = self.post("alice-1", LARGE)
        self.stop()
        self.start(["alice: alice-2", "alice: alice-1", "eve: unnamed-1", "bob: bob-1"])
        for key, name in [("alice-1", named), ("alice-2", named), ("alice-2", waiting), ("unnamed-1", unnamed)]:
            wait_for(self.is_done(key, name), 120, "a job after the restart")
        for key, name in [("bob-1", named), ("unnamed-1", named), ("alice-2", unnamed), ("bob-1", gone), ("alice-2", gone)]:
            expect(self.ask("GET", f"/jobs/{name}/result", key).status, 404, "another's job after the restart")
        expect(self.ask("GET", "/jobs", "mallory-1").status, 401, "a key that is gone")
        expect(ids(self.ask("GET", "/jobs", "unnamed-1")), [unnamed], "the list of a key that has a name now")
        own = ids(self.ask("GET", "/jobs?limit=500", "alice-1"))
        expect(own, ids(self.ask("GET", "/jobs?limit=500", "alice-2", which=1)), "two keys of one name")
        expect(own[:2], [waiting, named], "their newest jobs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=["folder", "database"], default=["folder", "database"])
    parser.add_argument("--samples", type=int, default=500 if os.environ.get("ACCEPTANCE") == "short" else 2000)
    options = parser.parse_args()
    checks = Checks()
    for store in options.only:
        made = []
        checks.run(f"{store}: starts", lambda: made.append(Tenants(store, options.samples)))  # noqa: B023
        for tenants in made:
            try:
                for name in ("others", "timing", "lists", "limits", "restart"):
                    checks.run(f"{store}: {name}", getattr(tenants, name))
            finally:
                tenants.end()
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
