"""Albums posted as jobs to a service with default options, while somebody with a small photo waits.

    python3 Tests/acceptance/albums.py [--only large small]

large     12 photos of 12 megapixels at once: all are accepted, and GET /jobs lists them. While they are worked off, small photos
          that wait are answered in their fair time: every second turn is theirs, so that each takes three times what it takes
          alone (median), and what is left of a tile that is at work when it comes; twice that at worst
small     500 photos of one tile at once: the same
"""

import argparse
import concurrent.futures
import json
import statistics
import sys

from outages import ask
from rig import Checks, expect, percentile, png, service, stop, wait_for

SMALL = png(384, 384, "noise")
POST = "/deblur?exit=1&format=png"


class Album:
    def __init__(self, photo, count, at_once):
        self.photo, self.count, self.at_once = photo, count, at_once
        self.service = service()
        self.port = self.service.port

    def small(self):
        answer = ask(self.port, "POST", POST, SMALL, {"Content-Type": "image/png"})
        expect(answer.status, 200, "a small photo")
        return answer.seconds

    def accepted(self):
        self.small()
        self.calm = statistics.median(self.small() for _ in range(5))
        with concurrent.futures.ThreadPoolExecutor(self.at_once) as pool:
            answers = list(
                pool.map(lambda _: ask(self.port, "POST", POST, self.photo, {"Prefer": "respond-async"}), range(self.count))
            )
        statuses = {answer.status for answer in answers}
        expect(statuses, {202}, "answers")
        self.names = [json.loads(answer.body)["id"] for answer in answers]
        return f"the slowest of {self.count} answers after {max(answer.seconds for answer in answers):.1f} s"

    def served(self):
        wait_for(lambda: self.list("running"), 60, "a job at work")
        tile = self.calm
        times = [self.small() for _ in range(12)]
        note = f"small photos: alone {self.calm:.2f} s, beside the album median {percentile(times, 0.5):.2f} s, worst {max(times):.2f} s"
        if percentile(times, 0.5) > 3 * self.calm + tile or max(times) > 2 * (3 * self.calm + tile):
            raise AssertionError(note)
        return note

    def list(self, state=None):
        found, path = [], "/jobs?limit=500" + (f"&state={state}" if state else "")
        while path:
            page = json.loads(ask(self.port, "GET", path).body)
            found += page["jobs"]
            path = page["next"] and f"/jobs?limit=500&after={page['next']}" + (f"&state={state}" if state else "")
        return found

    def listed(self):
        listed = [job["id"] for job in self.list()]
        expect((len(listed), set(listed)), (self.count, set(self.names)), "the list")
        for name in self.names:
            expect(ask(self.port, "DELETE", f"/jobs/{name}").status, 204, "DELETE")
        stop(self.service.process)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=["large", "small"], default=["large", "small"])
    options = parser.parse_args()
    checks = Checks()
    for name, photo, count, at_once in [("large", (4000, 3000, "gradient"), 12, 12), ("small", (384, 384, "gradient"), 500, 50)]:
        if name not in options.only:
            continue
        album = Album(png(*photo), count, at_once)
        checks.run(f"{name}: all accepted", album.accepted)
        checks.run(f"{name}: who waits is served", album.served)
        checks.run(f"{name}: all listed", album.listed)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
