"""A client of jobs: takes one in, looks at it, follows its events, fetches what came of it."""

import http.client
import json
import time

from support import expect, request, wait_for

OVER = ("succeeded", "failed", "cancelled")


def submit(port, picture, query="", **more):
    """The job as the 202 describes it."""
    headers = {"Content-Type": "image/png", "Prefer": "respond-async"}
    answer = request(port, "POST", f"/deblur{query}", picture, headers, **more)
    if answer.status != 202:
        raise AssertionError(f"{answer.status}, not 202: {answer.body[:300]!r}")
    expect(answer.headers.get("preference-applied"), "respond-async", "Preference-Applied")
    job = json.loads(answer.body)
    expect(answer.headers["location"], f"/jobs/{job['id']}", "Location")
    return job


def submit_to(replica, port, picture, query="", attempts=12):
    """A job that the replica of that name has taken; what others took is deleted."""
    for _ in range(attempts):
        job = submit(port, picture, query)
        if job["id"].startswith(f"{replica}-"):
            return job
        request(port, "DELETE", f"/jobs/{job['id']}")
    raise AssertionError(f"{replica} took none of {attempts} jobs")


def status(port, job):
    answer = request(port, "GET", f"/jobs/{job['id']}", timeout=20)
    expect(answer.status, 200, f"status of GET /jobs/{job['id']}")
    return json.loads(answer.body)


def wait_until(port, job, condition, seconds=120, what="reached"):
    return wait_for(lambda: (now := status(port, job)) and condition(now) and now, seconds, f"job {job['id']} {what}")


def result(port, job, seconds=120):
    """The bytes of a job that has to succeed."""
    over = wait_until(port, job, lambda now: now["state"] in OVER, seconds, "over")
    expect((over["state"], over["error"]), ("succeeded", None), "state and error")
    answer = request(port, "GET", f"/jobs/{job['id']}/result")
    expect(answer.status, 200, "status of the result")
    return answer.body


class Events:
    """The events of a job from `after` on, each with the time at which it came: (seconds, id, name, data)."""

    def __init__(self, port, job, after=None, timeout=60):
        self.client = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        headers = {"Accept": "text/event-stream"}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        self.client.request("GET", f"/jobs/{job['id']}/events", headers=headers)
        self.response = self.client.getresponse()
        self.status = self.response.status

    def __iter__(self):
        fields = {}
        while line := self.response.readline():
            line = line.rstrip(b"\n").decode()
            if line == "":
                if "event" in fields:
                    yield time.time(), int(fields["id"]), fields["event"], json.loads(fields["data"])
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")

    def close(self):
        self.client.close()
