"""Three real replicas behind each proxy: jobs, their events and results reach the right one, and what is lost when one
is killed or drained.

    python3 Tests/deploy/test_replicas.py [nginx] [haproxy] [caddy]
"""

import json
import sys
import threading
import time

import proxy
from jobs import Events, result, submit, submit_to, wait_until
from support import Checks, Service, expect, metric, png, request, stop, wait_for, work_folder

PNG = {"Content-Type": "image/png"}


class Replicas:
    """a, b and c, each with a state folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.services = {name: self.start(name) for name in "abc"}

    def start(self, name, port=None):
        state = self.folder / f"state-{name}"
        state.mkdir(exist_ok=True)
        options = ["--replica", name, "--state-dir", state, "--threads", "1", "--queue", "512", "--drain", "3s"]
        return Service(self.folder, name, *options, "--trust-proxy", "127.0.0.1", port=port)

    def restart(self, name):
        self.services[name] = self.start(name, self.services[name].port)

    def kill(self, name):
        self.services[name].process.kill()
        self.services[name].process.wait()

    def port(self, name):
        return self.services[name].port

    def ports(self):
        return [self.services[name].port for name in "abc"]

    def posts(self):
        """How many POST /deblur each has answered."""
        return {
            name: metric(service.port, "deblur_http_requests_total", 'route="/deblur"')
            for name, service in self.services.items()
        }

    def idle(self):
        return all(metric(port, "deblur_workers_busy") + metric(port, "deblur_queue_tiles") == 0 for port in self.ports())


class Behind:
    def __init__(self, name, folder, replicas, pictures):
        self.replicas = replicas
        self.proxy = proxy.Proxy(name, folder / name, replicas.ports())
        self.port = self.proxy.port
        self.small, self.large, self.references = pictures
        self.name = name

    def settled(self):
        """No work left over, and the proxy knows of every replica."""
        wait_for(self.replicas.idle, 30, "replicas idle")
        time.sleep(6 if self.name == "nginx" else 2)

    def death_noticed(self):
        """nginx and HAProxy try another replica at once. Caddy does so for a POST from 2.11.2 on: before, photos meet the
        dead replica until a health check has (a second), and the client is told to come again."""
        if self.name != "caddy":
            return
        until = time.time() + 2.5
        while time.time() < until:
            answer = request(self.port, "POST", "/deblur", self.small, PNG)
            if answer.status != 200:
                expect((answer.status, answer.headers.get("retry-after")), (503, "5"), "status and Retry-After")
            time.sleep(0.1)

    def jobs_reach_their_replica(self):
        jobs = [submit(self.port, self.small) for _ in range(9)]
        expect({job["id"].split("-")[0] for job in jobs}, {"a", "b", "c"}, "replicas that took one")
        for job in jobs:
            expect(result(self.port, job) == self.references[0], True, f"the bytes of {job['id']}")
            path = f"/jobs/{job['id']}/exits"
            exits = json.loads(request(self.port, "GET", path).body)
            expect(len(exits["tiles"]), 1, "tiles in the exits")
            picture = request(self.port, "GET", path, headers={"Accept": "image/png"})
            expect((picture.status, picture.body[:4]), (200, b"\x89PNG"), "heat map")
            expect(request(self.port, "DELETE", f"/jobs/{job['id']}").status, 204, "DELETE")
        time.sleep(2.1)  # nginx asks again for the right to a copy after at most two seconds.
        for job in jobs:
            gone = request(self.port, "GET", f"/jobs/{job['id']}/result").status
            if gone not in (404, 410):
                raise AssertionError(f"{gone} for the result of a deleted job")
        expect(request(self.port, "GET", f"/jobs/zz-{'0' * 32}").status, 404, "a replica that does not exist")

    def events_come_with_their_tiles(self):
        """Through the proxy and straight from the replica at once; at full depth, so that the tiles are some way apart."""
        job = submit_to("b", self.port, self.large, "?exit=4")
        seen = {"direct": [], "proxy": []}

        def follow(way, port):
            events = Events(port, job)
            expect(events.status, 200, f"status, {way}")
            expect(events.response.getheader("content-type").split(";")[0], "text/event-stream", "type")
            seen[way] = list(events)

        threads = [threading.Thread(target=follow, args=(way, port))
                   for way, port in (("direct", self.replicas.port("b")), ("proxy", self.port))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        direct, through = seen["direct"], seen["proxy"]
        expect([event[1:] for event in through], [event[1:] for event in direct], "events")
        expect([event[1] for event in through], list(range(1, len(through) + 1)), "ids")
        expect(through[-1][2], "succeeded", "last event")
        tiles = [event for event in through if event[2] == "tile"]
        expect(len(tiles), 12, "tile events")
        delays = [one[0] - other[0] for one, other in zip(through, direct) if one[2] == "tile"]
        if max(delays) > 1:
            raise AssertionError(f"an event came {max(delays):.2f} s after its tile")
        spread = tiles[-1][0] - tiles[0][0]
        if spread < 1:
            raise AssertionError(f"all events within {spread:.2f} s: too quick to prove anything")
        return f"{len(tiles)} tiles in {spread:.1f} s, latest {max(delays) * 1000:.0f} ms after its tile"

    def events_resume(self):
        job = submit_to("c", self.port, self.large)
        first = Events(self.port, job)
        got = []
        for event in first:
            got.append(event[1])
            if len(got) == 5:
                break
        first.close()
        got += [event[1] for event in Events(self.port, job, after=got[-1])]
        expect(got, list(range(1, 16)), "ids over two connections")
        expect(Events(self.port, job, after=got[-1]).status, 204, "nothing more to come")

    def deleted_job_stops(self):
        job = submit_to("a", self.port, self.large)
        wait_until(self.port, job, lambda now: now["tiles"]["done"] > 0, 60, "begun")
        expect(request(self.port, "DELETE", f"/jobs/{job['id']}").status, 204, "DELETE")
        began = time.time()
        port = self.replicas.port("a")
        wait_for(lambda: metric(port, "deblur_workers_busy") + metric(port, "deblur_queue_tiles") == 0, 10, "idle")
        return f"idle {time.time() - began:.2f} s later"

    def killed_replica_resumes_its_jobs(self):
        """kill -9 in the middle of a job, with another one waiting; others go on, and both are done after a restart."""
        jobs = [submit_to("b", self.port, self.large), submit_to("b", self.port, self.small)]
        got = []
        for event in (events := Events(self.port, jobs[0])):
            got.append(event[1])
            if event[2] == "tile" and len(got) >= 4:
                break
        self.replicas.kill("b")
        events.close()
        try:
            self.death_noticed()
            answers = [request(self.port, "POST", "/deblur", self.small, PNG) for _ in range(6)]
            expect([answer.status for answer in answers], [200] * 6, "photos meanwhile")
            expect({answer.body for answer in answers}, {self.references[0]}, "their bytes")
            away = request(self.port, "GET", f"/jobs/{jobs[0]['id']}")
            if away.status not in (502, 503):
                raise AssertionError(f"{away.status} for a job of a replica that is gone")
        finally:
            self.replicas.restart("b")
        wait_for(lambda: request(self.port, "GET", f"/jobs/{jobs[0]['id']}").status == 200, 15, "the job is back")
        got += [event[1] for event in Events(self.port, jobs[0], after=got[-1])]
        expect(got, list(range(1, 16)), "event ids before and after the kill")
        expect([result(self.port, job) for job in jobs] == [self.references[1], self.references[0]], True, "bytes")
        self.settled()

    def drained_replica_loses_nothing(self):
        """SIGTERM with a job in work that takes longer than the drain."""
        job = submit_to("c", self.port, self.large)
        wait_until(self.port, job, lambda now: now["state"] == "running", 60, "running")
        self.replicas.services["c"].process.terminate()
        if self.name != "nginx":
            time.sleep(2.5)  # Found by the health check; until then its 503 goes to the client.
        answers = [request(self.port, "POST", "/deblur", self.small, PNG) for _ in range(6)]
        # Not told a second time: that means at once.
        expect(self.replicas.services["c"].process.wait(30), 0, "exit status")
        self.replicas.restart("c")
        expect([answer.status for answer in answers], [200] * 6, "photos while it drained")
        expect(result(self.port, job) == self.references[1], True, "bytes of the job, after the restart")
        self.settled()

    def dead_replica_is_skipped(self):
        stop(self.replicas.services["b"].process)
        try:
            self.death_noticed()
            answers = [request(self.port, "POST", "/deblur", self.small, PNG) for _ in range(9)]
            expect([answer.status for answer in answers], [200] * 9, "statuses")
        finally:
            self.replicas.restart("b")
        self.settled()

    def photos_are_spread(self):
        before = self.replicas.posts()
        for _ in range(9):
            expect(request(self.port, "POST", "/deblur", self.small, PNG).status, 200, "status")
        after = self.replicas.posts()
        expect({name: after[name] - before[name] for name in after}, {name: 3 for name in "abc"}, "photos each")

    def post_is_not_repeated(self):
        """The replica that works on a photo is killed: the client hears of it, no other replica is given the photo."""
        before = self.replicas.posts()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(request(self.port, "POST", "/deblur", self.large, PNG)))
        thread.start()
        busy = lambda: [n for n in "abc" if metric(self.replicas.port(n), "deblur_workers_busy") > 0]
        name = wait_for(busy, 20, "a replica busy")[0]
        self.replicas.kill(name)
        thread.join()
        others = [other for other in "abc" if other != name]
        after = {other: metric(self.replicas.port(other), "deblur_http_requests_total", 'route="/deblur"')
                 for other in others}
        self.replicas.restart(name)
        expect(after, {other: before[other] for other in others}, "photos that the others were given")
        if answers[0].status not in (502, 503):
            raise AssertionError(f"status {answers[0].status}")
        self.settled()
        return f"status {answers[0].status}"

    def results_are_cached_by_their_tag(self):
        """nginx keeps the bytes and asks for the right to them each time."""
        job = submit_to("a", self.port, self.small)
        expect(result(self.port, job) == self.references[0], True, "bytes")
        path, port = f"/jobs/{job['id']}/result", self.replicas.port("a")

        def fetched(code):
            return metric(port, "deblur_http_requests_total", 'route="/jobs/{id}/result"', f'code="{code}"')

        time.sleep(2.1)
        before = fetched(200), fetched(304)
        again = request(self.port, "GET", path)
        expect(again.body == self.references[0], True, "bytes from the cache")
        expect(again.headers.get("x-cache"), "REVALIDATED", "X-Cache")
        expect((fetched(200) - before[0], fetched(304) - before[1]), (0, 1), "results sent, and found unchanged")
        expect(request(self.port, "DELETE", f"/jobs/{job['id']}").status, 204, "DELETE")
        time.sleep(2.1)
        if request(self.port, "GET", path).status not in (404, 410):
            raise AssertionError("a deleted job's result is served")


def main():
    checks, folder = Checks(), work_folder()
    wanted = sys.argv[1:] or proxy.NAMES
    names = [name for name in wanted if proxy.program(name)]
    for name in set(wanted) - set(names):
        checks.skip(name, "not installed")
    replicas = Replicas(folder)
    small, large = png(200, 300), png(32 + 352 * 4, 32 + 352 * 3)
    references = [request(replicas.port("a"), "POST", "/deblur", photo, PNG).body for photo in (small, large)]
    for name in names:
        behind = Behind(name, folder, replicas, (small, large, references))
        for check in (
            "photos_are_spread",
            "jobs_reach_their_replica",
            "events_come_with_their_tiles",
            "events_resume",
            "deleted_job_stops",
            "killed_replica_resumes_its_jobs",
            "drained_replica_loses_nothing",
            "dead_replica_is_skipped",
            "post_is_not_repeated",
        ):
            checks.run(f"{name}: {check}", getattr(behind, check))
        if name == "nginx":
            checks.run("nginx: results_are_cached_by_their_tag", behind.results_are_cached_by_their_tag)
        behind.proxy.stop()
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
