"""64 clients post at once for a minute to a service whose queue takes 31 tiles.

    python3 Tests/acceptance/overload.py [--seconds 60] [--clients 64] [--queue 31] [--patient 0.5] [--seed 1] [--no-tickets]

Half of the clients (--patient) wait as Retry-After tells them and bring back their Deblur-Ticket, the others come back
after 50 ms without one. Holds:

- answers are 200 with the bytes of a calm run, or 429 with Retry-After and a ticket; nothing else, no broken connection;
- a client that waits is refused at most 2 times (median) before it gets in; with --patient 1 or --no-tickets this is
  printed, not judged;
- Retry-After is within a factor of 2 of the real wait for at least 95 of 100 refusals. The real wait is the time from
  the refusal until the queue next had room: until its gauge was next seen below the limit or seen to grow (a queue
  that grows has let somebody in; with clients waiting at the door, room is seldom seen empty). Retry-After is in
  whole seconds and at least 1, so waits below one second count as one. Of a client that came back in time, and has
  its place in the line since, it is the time until it got in itself;
- /healthz, asked from a process of its own with a high priority: p99 below 50 ms;
- the highest resident memory, everything included, is below --memory-budget;
- afterwards no descriptor more than before, no tile in the queue, no worker busy, no memory reserved;
- the service counted as many answers as its clients got.

Below 32 tiles no photo counts as small, so that one limit is measured; that small ones get in beside large ones is
outages.py's to show.

How long a client waited until it got in is printed, not judged: with more clients than places that is a matter of
how many there are.
"""

import argparse
import bisect
import collections
import json
import random
import threading
import time

from rig import (
    SHORT,
    Checks,
    Health,
    Probe,
    connect,
    descriptors,
    descriptors_at_rest,
    expect,
    health_report,
    memory,
    metrics,
    percentile,
    png,
    problem,
    request,
    service,
    total,
    wait_for,
)

BUDGET = 1 << 30
# 1, 1, 4 and 24 tiles; 0.3, 0.4, 1 and 0.1 MB.
PHOTOS = [(300, 300, "noise"), (384, 384, "noise"), (700, 500, "noise"), (1800, 1300, "gradient")]


class Gauge:
    """The number of tiles that wait."""

    def __init__(self, port):
        self.port = port

    def __call__(self, state):
        return metrics(state.setdefault("connection", connect(self.port)))["deblur_queue_tiles"]


class Overload:
    def __init__(self, options):
        self.options = options
        self.service = service("--queue", options.queue, "--memory-budget", BUDGET)
        self.port = self.service.port
        depth = json.loads(request(self.port, "GET", "/model").body)["sub_decoders"]
        # Full depth, so that a tile costs the same whatever is in it.
        self.path = f"/deblur?exit={depth}&format=png"
        self.photos = [png(width, height, kind) for width, height, kind in PHOTOS]
        self.references = [self.post(connect(self.port, 300), photo).body for photo in self.photos]
        self.lock = threading.Lock()
        self.statuses = collections.Counter()
        self.refusals = []  # (monotonic time, Retry-After) of those who have no place in the line
        self.lines = []  # (Retry-After, seconds until it got in) of those who have
        self.stories = (
            []
        )  # (refusals until it got in, seconds from the first one, first Retry-After) of clients that wait
        self.faults = []

    def post(self, connection, photo, ticket=None):
        headers = {"Content-Type": "image/png"} | ({"Deblur-Ticket": ticket} if ticket else {})
        return request(self.port, "POST", self.path, photo, headers, connection=connection)

    def client(self, number, until):
        source = random.Random(self.options.seed * 1000 + number)
        waits = number < self.options.patient * self.options.clients
        connection = connect(self.port, 300)
        since = ticket = None
        refused = 0
        places = []  # (monotonic time, Retry-After)
        while time.monotonic() < until:
            if since is None:
                which = source.choices(range(len(PHOTOS)), [4, 2, 2, 1])[0]
            asked = time.monotonic()
            try:
                answer = self.post(connection, self.photos[which], ticket)
            except Exception as error:
                with self.lock:
                    self.faults.append(f"{type(error).__name__}: {error}")
                connection = connect(self.port, 300)
                continue
            now = time.monotonic()
            with self.lock:
                self.statuses[answer.status] += 1
                if answer.status == 200:
                    if answer.body != self.references[which]:
                        self.faults.append("wrong bytes")
                    if refused and waits:
                        self.stories.append((refused, asked - since[0], since[1]))
                    self.lines += [(told, asked - at) for at, told in places]
                    since, refused, ticket, places = None, 0, None, []
                elif answer.status == 429 and problem(answer.body) == "queue_full" and "retry-after" in answer.headers:
                    seconds = int(answer.headers["retry-after"])
                    (places if ticket else self.refusals).append((now, seconds))
                    if "deblur-ticket" not in answer.headers:
                        self.faults.append("no ticket")
                    elif waits and self.options.tickets:
                        ticket = answer.headers["deblur-ticket"]
                    since = since or (now, seconds)
                    refused += 1
                else:
                    self.faults.append(f"{answer.status} {answer.body[:200]!r}")
                    since = None
            if answer.status == 429:
                time.sleep(seconds if waits else 0.05)
        connection.close()

    def load(self):
        self.before = descriptors_at_rest(self.service.process)
        self.answered = metrics(connect(self.port))
        self.health, self.gauge = Probe(0.01, Health(self.port)), Probe(0.04, Gauge(self.port))
        began = time.monotonic()
        threads = [
            threading.Thread(target=self.client, args=(number, began + self.options.seconds))
            for number in range(self.options.clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.health, self.gauge = self.health.stop(), self.gauge.stop()
        expect(self.faults[:5], [], f"faults ({len(self.faults)})")
        expect(min(self.statuses[200], self.statuses[429]) > 0, True, f"both kinds of answers in {self.statuses}")
        return f"{self.statuses[200]} × 200, {self.statuses[429]} × 429 in {time.monotonic() - began:.0f} s"

    def room(self):
        """The moments at which the queue is known to have had room."""
        moments, last = [], None
        for at, seconds, tiles in self.gauge:
            if seconds is None:
                continue
            if tiles < self.options.queue or (last is not None and tiles > last):
                moments.append(at)
            last = tiles
        return moments

    def retry_after(self):
        moments = self.room()
        ratios, waits = [], []
        for at, told in self.refusals:
            index = bisect.bisect_right(moments, at)
            if index < len(moments):
                real = max(1.0, moments[index] - at)
                waits.append(moments[index] - at)
                ratios.append(told / real)
        ratios += [told / max(1.0, real) for told, real in self.lines]
        within = sum(0.5 <= ratio <= 2 for ratio in ratios) / len(ratios)
        note = (
            f"{100 * within:.1f} % of {len(ratios)} within a factor of 2; told/real p5 {percentile(ratios, 0.05):.2f}, "
            f"median {percentile(ratios, 0.5):.2f}, p95 {percentile(ratios, 0.95):.2f}; real wait median "
            f"{percentile(waits, 0.5):.2f} s, p95 {percentile(waits, 0.95):.2f} s"
        )
        told = collections.Counter(told for _, told in self.refusals)
        note += f"; Retry-After {dict(sorted(told.items()))}"
        if within < 0.95:
            raise AssertionError(note)
        return note

    def patience(self):
        refusals = [refused for refused, _, _ in self.stories]
        if SHORT and len(refusals) <= 5:
            return f"{len(refusals)} got in after a refusal: too few in a short run to judge ({sorted(refusals)} refusals)"
        expect(len(refusals) > 5, True, f"enough clients that waited and got in ({len(refusals)})")
        told = [told for told, _ in self.lines]
        note = (
            f"{len(refusals)} times a client that waits got in after a refusal: refused {percentile(refusals, 0.5)} times (median; "
            f"p95 {percentile(refusals, 0.95)}, most {max(refusals)}), in after {percentile([s[1] for s in self.stories], 0.5):.1f} s; "
            f"told at first {percentile([s[2] for s in self.stories], 0.5):.0f} s, in the line {percentile(told, 0.5):.0f} s"
        )
        if self.options.tickets and self.options.patient < 1 and percentile(refusals, 0.5) > 2:
            raise AssertionError(note)
        return note

    def resident(self):
        peak = memory(self.service.process, "VmHWM")
        note = f"at most {peak / 2**20:.0f} MiB of {BUDGET / 2**20:.0f} MiB"
        expect(peak < BUDGET, True, note)
        return note

    def aftermath(self):
        for name in (
            "deblur_queue_tiles",
            "deblur_workers_busy",
            "deblur_memory_reserved_bytes",
            "deblur_queue_images",
        ):
            wait_for(lambda: metrics(connect(self.port))[name] == 0, 15, f"{name} at 0")
        wait_for(lambda: descriptors(self.service.process) <= self.before, 20, "descriptors given back")
        return f"{descriptors(self.service.process)} descriptors, {self.before} before"

    def counted(self):
        samples = metrics(connect(self.port))
        for status in (200, 429):
            labels = ('route="/deblur"', f'code="{status}"')
            count = total(samples, "deblur_http_requests_total", *labels)
            expect(
                count - total(self.answered, "deblur_http_requests_total", *labels), self.statuses[status], f"{status}s"
            )
        refused = total(samples, "deblur_rejected_total", 'reason="queue_full"')
        expect(
            refused - total(self.answered, "deblur_rejected_total", 'reason="queue_full"'),
            self.statuses[429],
            "refused",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12 if SHORT else 60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--queue", type=int, default=31, help="from 32 on some photos are small")
    parser.add_argument("--patient", type=float, default=0.5, help="share of clients that wait as they are told")
    parser.add_argument("--no-tickets", dest="tickets", action="store_false", help="nobody brings a ticket back")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"overload: seed {options.seed}")
    overload = Overload(options)
    checks = Checks()
    checks.run("only 200 and 429", overload.load)
    checks.run("Retry-After tells the wait", overload.retry_after)
    checks.run("who waits gets in", overload.patience)
    checks.run("health goes on", lambda: health_report(overload.health, 0.05))
    checks.run("resident memory under the budget", overload.resident)
    checks.run("nothing left over", overload.aftermath)
    checks.run("the service counted the same", overload.counted)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
