"""What goes wrong with a job in a database: a record that nobody can read, a lease that is lost at the wrong moment, a result that expires.

    python3 Tests/acceptance/leases.py [--only unreadable lost expired]

unreadable  a job with a record of rubbish is tried three times and fails with `abandoned`; it is listed, can be asked for and
            deleted, and jobs behind it are done; one that had ended before its record was damaged expires
lost        a job's lease is another's by the time its last events are written, and was held up until then: the replica lets go
            of it, does it again when it is free, and ends in time when it is told to
expired     the time of a result is over while a slow reader has half of it: the reader gets all; afterwards it is gone
"""

import argparse
import http.client
import json
import socket
import subprocess
import time

from database import LARGE, SMALL, Database, done, events, job, post
from outages import NEIGHBOUR, ask
from rig import Checks, expect, service, stop, wait_for


class Leases:
    def __init__(self, database):
        self.database = database

    def serve(self, *more):
        return service("--database", self.database.connection, "--migrate", "--threads", 1, *more)

    def row(self, name, columns):
        return self.database.ask(f"SELECT {columns} FROM deblur_jobs WHERE id = '{name}'")

    def end_lease(self, name):
        self.database.ask(f"UPDATE deblur_jobs SET leased_until = now() WHERE id = '{name}' AND state = 'running'")

    def unreadable(self):
        replica = self.serve("--result-ttl", "1h")
        name = "0123456789abcdef" * 2
        self.database.ask(
            "INSERT INTO deblur_jobs (id, client, state, record, bytes, memory, tiles, events) "
            f"VALUES ('{name}', '{NEIGHBOUR}', 'queued', 'rubbish', 10, 10, 1, 1)"
        )
        other = post(replica.port, SMALL)
        wait_for(done(replica.port, other), 60, "a job behind it")

        def has_failed():
            self.end_lease(name)
            return self.row(name, "state") == "failed"

        wait_for(has_failed, 60, "the end of a job that cannot be read")
        expect(self.row(name, "tries"), "3", "tries")
        told = job(replica.port, name)
        expect((told["state"], told["error"]["code"]), ("failed", "abandoned"), "the job")
        expect(events(replica.port, name)[1], ["failed"], "its events")
        expect(ask(replica.port, "GET", f"/jobs/{name}/result").status, 500, "its result")
        listed = [entry["id"] for entry in json.loads(ask(replica.port, "GET", "/jobs").body)["jobs"]]
        expect(listed, [other, name], "the list")
        expect(ask(replica.port, "DELETE", f"/jobs/{name}").status, 204, "DELETE")
        expect(ask(replica.port, "GET", f"/jobs/{name}").status, 410, "the job")
        # One that is damaged afterwards is in nobody's way: it is left out, and it expires.
        self.database.ask(f"UPDATE deblur_jobs SET record = 'rubbish', expires_at = now() WHERE id = '{other}'")
        wait_for(lambda: self.row(other, "is_gone") == "t", 30, "the end of its result")
        expect(json.loads(ask(replica.port, "GET", "/jobs").body)["jobs"], [], "the list")
        stop(replica.process)

    def lost(self):
        replica = self.serve("--drain", "120s")
        name = post(replica.port, LARGE)
        wait_for(lambda: int(self.row(name, "events") or 0) > 3, 60, "tiles")
        # Its row is held, so that events wait to be written; the lease is another's when it is let go of.
        command = ["psql", "-h", self.database.folder, "-U", "deblur", "postgres", "-qtA"]
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        other.stdin.write(
            f"BEGIN; UPDATE deblur_jobs SET lease = nextval('deblur_leases'), holder = 'another', "
            f"leased_until = now() + interval '2 seconds' WHERE id = '{name}' RETURNING 'held';\n"
        )
        other.stdin.flush()
        expect(other.stdout.readline().strip(), "held", "the row")
        wait_for(lambda: self.worker(replica) == 0, 120, "the last tile")
        time.sleep(0.5)
        other.stdin.write("COMMIT;\n")
        other.stdin.close()
        expect(other.wait(20), 0, "the other one's end")
        wait_for(done(replica.port, name), 120, "the job")
        tiles = job(replica.port, name)["tiles"]["total"]
        expect(events(replica.port, name)[0], list(range(1, tiles + 4)), "its events")
        expect(self.row(name, "tries"), "2", "tries")
        # Nothing of the first turn is left that a drain would wait for.
        began = time.monotonic()
        stop(replica.process, 60)
        seconds = time.monotonic() - began
        expect(seconds < 20, True, f"the end within 20 s ({seconds:.1f} s)")
        return f"ended after {seconds:.1f} s"

    def worker(self, replica):
        text = ask(replica.port, "GET", "/metrics").body.decode()
        found = {line.split(" ")[0]: float(line.split(" ")[1]) for line in text.splitlines() if line[:1] not in ("#", "")}
        return found["deblur_workers_busy"] + found["deblur_queue_tiles"]

    def expired(self):
        replica = self.serve("--result-ttl", "4s")
        name = post(replica.port, LARGE)
        wait_for(done(replica.port, name), 120, "the job")
        whole = self.read(replica.port, name, 0)
        parts = self.read(replica.port, name, 12)
        expect(parts == whole and len(whole) > 5_000_000, True, f"the result, read slowly ({len(parts)} of {len(whole)} bytes)")
        expect(ask(replica.port, "GET", f"/jobs/{name}/result").status, 410, "the result, asked for after its time")
        self.database.ask(f"UPDATE deblur_jobs SET expires_at = now() WHERE id = '{name}'")
        wait_for(lambda: ask(replica.port, "GET", f"/jobs/{name}").status == 410, 30, "its end")
        stop(replica.process)
        return f"{len(whole)} bytes"

    def read(self, port, name, pause):
        """The result, with a pause of so many seconds in its first part."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.connect(("127.0.0.1", port))
        client.sendall(f"GET /jobs/{name}/result HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(client)
        answer.begin()
        expect(answer.status, 200, "the result")
        data = answer.read(100_000)
        time.sleep(pause)
        return data + answer.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=["unreadable", "lost", "expired"], default=["unreadable", "lost", "expired"])
    options = parser.parse_args()
    checks, made = Checks(), []
    checks.run("a database", lambda: made.append(Database()))
    for database in made:
        try:
            for name in options.only:
                checks.run(name, getattr(Leases(database), name))
        finally:
            database.remove()
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
