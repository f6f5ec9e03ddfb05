"""What the clients of soak.py do."""

import http.client
import json
import random
import socket
import threading
import time

from jobs import OVER, Events
from support import request, send_only

# Seconds after which a job is stuck; one that is killed begins anew, and a large photo takes minutes.
STUCK = 1800
# A job that was begun so often and never ended is given up.
MOST_TRIES = 3
# An answer that a proxy gives for a replica that is away.
AWAY = (502, 503, 504)


class Clients:
    def __init__(self, soak):
        self.soak = soak
        self.port = soak.nginx.port
        self.accepted = {}  # id -> (photo, accepted at, wanted: "succeeded" or None when it was deleted)
        self.lock = threading.Lock()

    def threads(self, count):
        return [threading.Thread(target=self.client, args=(number,), daemon=True) for number in range(count)]

    def client(self, number):
        source = random.Random(self.soak.options.seed * 1000 + number)
        acts = [self.photo, self.job, self.garbage, self.leaves, self.slow_writer, self.slow_reader]
        while not self.soak.over.is_set():
            act = source.choices(acts, [36, 30, 14, 10, 5, 5])[0]
            try:
                act(source)
            except Exception as error:  # One client's trouble is a finding, not the end of the run.
                self.soak.fault(f"{act.__name__}: {type(error).__name__}: {error}")

    def choose(self, source):
        return source.choices(range(len(self.soak.photos)), self.soak.weights)[0]

    def pause(self, source, answer=None):
        seconds = min(int(answer.headers.get("retry-after", 1)), 3) if answer else 1
        self.soak.over.wait(seconds * source.random())

    def refused(self, what, answer, began):
        """429 and 503 say when to come back; 503 only because a replica was killed, or all are draining."""
        code = json.loads(answer.body).get("code", "")
        self.soak.count(f"{what} {answer.status} {code}")
        if answer.status not in (429, 503):
            return self.soak.fault(f"{what}: {answer.status} {answer.body[:200]!r}")
        if "retry-after" not in answer.headers:
            self.soak.fault(f"{what}: {answer.status} without Retry-After")
        if code != "queue_full" and not self.soak.was_disturbed_between(began, time.time()):
            self.soak.fault(f"{what}: {answer.status} {code} although no replica was killed at that time")

    # Photos.

    def photo(self, source):
        number = self.choose(source)
        began = time.time()
        answer = request(self.port, "POST", "/deblur", self.soak.photos[number], timeout=900)
        if answer.status != 200:
            self.refused("photo", answer, began)
            return self.pause(source, answer)
        self.soak.count("photo 200")
        if answer.body != self.soak.references[number]:
            self.soak.fault(f"photo {number}: wrong bytes")

    def garbage(self, source):
        damaged = bytearray(source.choice(self.soak.photos[:5]))
        for _ in range(source.randint(1, 8)):
            damaged[source.randrange(len(damaged))] ^= 1 << source.randrange(8)
        body = bytes(damaged[: source.randint(1, len(damaged))])
        began = time.time()
        answer = request(self.port, "POST", "/deblur", body, timeout=300)
        if answer.status in (200, 415, 422):
            self.soak.count(f"garbage {answer.status}")
        else:
            self.refused("garbage", answer, began)

    def leaves(self, source):
        client = send_only(self.port, "/deblur", self.soak.photos[self.choose(source)])
        time.sleep(2 * source.random())
        client.close()
        self.soak.count("left")

    # Straight to a replica: nginx would stand in between.

    def slow_writer(self, source):
        try:
            client = socket.create_connection(("127.0.0.1", source.choice(self.soak.replicas).port), timeout=20)
            client.sendall(
                b"POST /deblur HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n" + source.choice([b"", b"\r\nabc"])
            )
            began = time.time()
            while client.recv(4096):
                pass
            if time.time() - began > 15 and not self.soak.was_disturbed_between(began, time.time()):
                self.soak.fault("a slow client was kept for over 15 s")
            client.close()
        except OSError:
            pass  # The replica was killed, or reset the connection at its limit.
        self.soak.count("slow writer")

    def slow_reader(self, source):
        try:
            client = send_only(source.choice(self.soak.replicas).port, "/deblur", self.soak.photos[4])
            client.settimeout(5)
            end = time.time() + 5
            while time.time() < end and client.recv(2048):
                time.sleep(0.1)
            client.close()
        except OSError:
            pass  # The same.
        self.soak.count("slow reader")

    # Jobs.

    def job(self, source):
        number = self.choose(source)
        began = time.time()
        answer = request(
            self.port, "POST", "/deblur", self.soak.photos[number], {"Prefer": "respond-async"}, timeout=300
        )
        if answer.status != 202:
            self.refused("job", answer, began)
            return self.pause(source, answer)
        name = json.loads(answer.body)["id"]
        self.soak.count("job accepted")
        # Deleted, forgotten by its client, polled, or followed.
        act = source.choices([self.delete, self.forget, self.poll, self.follow], [20, 20, 25, 35])[0]
        with self.lock:
            self.accepted[name] = (number, time.time(), None if act == self.delete else "succeeded")
        act(source, name, number)

    def ask(self, method, path, allowed, seconds=120):
        """An answer with one of the `allowed` statuses, asked for again while its replica is away."""
        deadline = time.time() + seconds
        while True:
            began = time.time()
            answer = request(self.port, method, path, timeout=120)
            if answer.status in allowed:
                return answer
            if answer.status not in AWAY:
                raise AssertionError(f"{method} {path}: {answer.status} {answer.body[:200]!r}")
            # A second, so that whoever noticed the same has written it down.
            time.sleep(1.5)
            disturbed = self.soak.was_disturbed_between(began - 1, time.time(), drained=True)
            if not disturbed and not self.is_restarting(path):
                raise AssertionError(f"{method} {path}: {answer.status} although its replica was not killed")
            if time.time() > deadline:
                raise AssertionError(f"{method} {path}: {answer.status} for {seconds} s")
            time.sleep(0.5)

    def is_restarting(self, path):
        """Whether the job's replica is being drained or started; with a database any may have been the one that was asked."""
        name = path.split("/")[2][0]
        asked = self.soak.replicas if self.soak.database else [self.soak.replicas["abc".index(name)]]
        try:
            return any(request(replica.port, "GET", "/readyz", timeout=5).status != 200 for replica in list(asked))
        except OSError:
            return True

    def delete(self, source, name, number):
        self.soak.over.wait(3 * source.random())
        self.ask("DELETE", f"/jobs/{name}", (204, 404, 410))
        self.soak.count("job deleted")

    def forget(self, source, name, number):
        self.soak.count("job forgotten")

    def poll(self, source, name, number):
        began = time.time()
        while not self.soak.over.is_set():
            answer = self.ask("GET", f"/jobs/{name}", (200, 410))
            if answer.status == 410:
                # It ended, and this client was away for longer than results are kept.
                return self.soak.count("job expired")
            job = json.loads(answer.body)
            if job["state"] in OVER:
                return self.check_result(name, number, job["state"])
            if time.time() - began > STUCK:
                return self.soak.fault(f"job {name} is {job['state']} after {STUCK} s: {job}")
            time.sleep(0.5 + source.random())

    def follow(self, source, name, number):
        """Its events over as many connections as it takes: every id once, in order."""
        last, began = 0, time.time()
        while not self.soak.over.is_set():
            connected = time.time()
            try:
                events = Events(self.port, {"id": name}, after=last, timeout=60)
                if events.status == 200:
                    for _, number_of_event, event, _ in events:
                        if number_of_event != last + 1:
                            return self.soak.fault(f"job {name}: event {number_of_event} after {last}")
                        last = number_of_event
                        if event in OVER:
                            events.close()
                            self.soak.count("job followed to its end")
                            return self.check_result(name, number, event)
                        if self.soak.over.is_set():
                            return events.close()
                events.close()
            except (OSError, http.client.HTTPException):
                pass
            # The stream ended early: its replica has gone.
            if not self.is_restarting(f"/jobs/{name}"):
                # A second, so that whoever noticed the same has written it down.
                time.sleep(1.5)
                if not self.soak.was_disturbed_between(connected - 1, time.time(), drained=True):
                    self.soak.fault(f"job {name}: its events ended at {last} although its replica was not killed")
            if time.time() - began > STUCK:
                return self.soak.fault(f"job {name} has no end after {STUCK} s, last event {last}")
            time.sleep(0.5)

    def check_result(self, name, number, state):
        if state != "succeeded":
            job = json.loads(self.ask("GET", f"/jobs/{name}", (200,)).body)
            return self.judge_failure(name, job)
        answer = self.ask("GET", f"/jobs/{name}/result", (200, 410))
        if answer.status == 410:
            # Its replica was away for longer than results are kept.
            return self.soak.count("job expired")
        self.soak.count("job succeeded")
        if answer.body != self.soak.references[number]:
            self.soak.fault(f"job {name}, photo {number}: wrong bytes")

    def judge_failure(self, name, job):
        """A job in whose middle the process died three times is given up (contract); any other failure is a fault."""
        accepted = self.accepted[name][1]
        if job["state"] == "failed" and job["error"]["code"] == "abandoned" and self.soak.kills_since(accepted) >= MOST_TRIES:
            return self.soak.count("job abandoned")
        self.soak.fault(f"job {name}, accepted {time.time() - accepted:.0f} s ago, {job['state']}: {job['error']}")

    def settle(self, seconds=900):
        """Waits until every accepted job is over, and says how many there were."""
        deadline = time.time() + seconds
        for name, (_, accepted, wanted) in self.accepted.items():
            while True:
                answer = request(self.port, "GET", f"/jobs/{name}", timeout=60)
                # Deleted, or expired after its end.
                if answer.status in (404, 410):
                    if wanted and time.time() - accepted < self.soak.result_seconds:
                        self.soak.fault(f"job {name} is gone: {answer.status}")
                    break
                if answer.status == 200:
                    job = json.loads(answer.body)
                    if job["state"] in OVER:
                        if wanted and job["state"] != wanted:
                            self.judge_failure(name, job)
                        break
                    if time.time() > deadline:
                        self.soak.fault(f"stuck: {job}")
                        break
                elif time.time() > deadline:
                    self.soak.fault(f"job {name}: {answer.status}")
                    break
                time.sleep(0.3)
        return len(self.accepted)
