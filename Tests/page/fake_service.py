"""A stand-in for the service, for tests of the page: speaks its contract and does no deblurring.

Python's standard library only. Behaviour is set by attributes, so that a test can make it busy, broken or slow:

    python3 fake_service.py --port 8099 --seconds-per-tile 0.4
"""

import argparse
import http.server
import json
import pathlib
import struct
import threading
import time
import urllib.parse

from fake_jobs import Job, follow, tiles_of

PUBLIC = pathlib.Path(__file__).resolve().parents[2] / "Public"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
         ".jpg": "image/jpeg", ".webmanifest": "application/manifest+json", ".yaml": "application/yaml"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
          "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
MODEL = {"name": "fake", "digest": "f" * 64, "encoder": "NAFNet", "width": 16, "sub_decoders": 4, "classes": 6,
         "tile": 384, "overlap": 32,
         "increments_db": [[1.6, 0.4, 0, 0.1]] * 5 + [[0, 0, 0, None]],
         "service": {"max_body_bytes": 64 << 20, "max_pixels": 64_000_000, "seconds_per_tile": 0.25,
                     "result_ttl_seconds": 3600}}


def image_size(body):
    """`(media type, (width, height))` from the header, or None."""
    if body[:8] == b"\x89PNG\r\n\x1a\n" and len(body) >= 24:
        return "image/png", struct.unpack(">II", body[16:24])
    offset = 2
    while body[:2] == b"\xff\xd8" and offset + 9 < len(body) and body[offset] == 0xFF:
        marker, length = body[offset + 1], int.from_bytes(body[offset + 2: offset + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", body[offset + 5: offset + 9])
            return "image/jpeg", (width, height)
        offset += 2 + length
    return None


class Behaviour:
    """What the service does; tests change it between requests."""

    def __init__(self, **settings):
        self.seconds_per_tile, self.queue_seconds, self.ping_seconds = 0.05, 0.2, 15.0
        self.key = None             # the key that requests must carry
        self.jobs = True            # False: the image at once; "refused": 501 to respond-async
        self.events = True          # False: 404 on the event stream
        self.cut_events_after = 0   # each stream is cut after so many events
        self.refusals = []          # problems for the next POSTs: (status, code, title, detail, headers)
        self.stops_after = None     # jobs stop when they are "queued", or after so many tiles, until it is None again
        self.job_error = None       # makes jobs fail half-way
        self.restore = None         # what stands for deblurring: bytes -> bytes
        self.forgets_jobs = False   # each job is gone as soon as it was accepted
        self.answer = None          # the same by the query's parameters
        self.limits = {}            # of GET /model's part "service"
        self.exits = None           # the exit of every tile
        self.deadline = None        # the header Deblur-Deadline
        self.__dict__.update(settings)


class FakeService:
    def __init__(self, port=0, prefix="", file_seconds=0, **settings):
        """`prefix`: the path of a proxy, below which alone the service is seen. `file_seconds`: for how long browsers may
        keep the page's files without asking again."""
        self.behaviour = Behaviour(**settings)
        self.caching = f"max-age={file_seconds}" if file_seconds else "no-cache"
        self.prefix = prefix
        self.jobs, self.requests = {}, []
        handler = type("Handler", (Handler,), {"service": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}{prefix}/"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def seen(self, method, prefix):
        """The requests whose method and path begin so, as (path, headers)."""
        return [(path, headers) for kind, path, headers in self.requests if kind == method and path.startswith(prefix)]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = None

    def log_message(self, *_):
        pass

    def parse_request(self):
        if not super().parse_request():
            return False
        prefix = self.service.prefix
        # Browsers ask for it by themselves where a page names no icon, such as a picture's.
        if prefix and not self.path.startswith(prefix + "/"):
            self.service.requests.append(("OUTSIDE", self.path, self.headers))
            self.problem(404, "not_found", "Not found")
            return False
        self.path = self.path[len(prefix):]
        return True

    def answer(self, status, kind="", body=b"", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if kind:
            self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        try:
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:
            # The client has left: for a cancelled upload that is as it should be.
            self.close_connection = True

    def answer_json(self, status, document, **headers):
        self.answer(status, "application/json", json.dumps(document).encode(), **headers)

    def problem(self, status, code, title, detail="", **headers):
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code,
                "request_id": "test-request"}
        self.answer(status, "application/problem+json", json.dumps(body).encode(), **headers)

    def is_admitted(self):
        key = self.service.behaviour.key
        if key is None or self.headers.get("Authorization") == f"Bearer {key}":
            return True
        self.problem(401, "unauthorized", "A valid API key is needed", WWW_Authenticate="Bearer")
        return False

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.service.requests.append(("POST", self.path, self.headers))
        target = urllib.parse.urlsplit(self.path)
        if target.path != "/deblur":
            return self.problem(404, "not_found", "Not found")
        if not self.is_admitted():
            return None
        behaviour = self.service.behaviour
        if behaviour.refusals:
            status, code, title, detail, headers = behaviour.refusals.pop(0)
            return self.problem(status, code, title, detail, **headers)
        image = image_size(body)
        if image is None:
            return self.problem(422, "bad_image", "The image cannot be decoded", "The JPEG is damaged.")
        return self.deblur(body, *image, dict(urllib.parse.parse_qsl(target.query)))

    def deblur(self, body, kind, size, query):
        behaviour = self.service.behaviour
        if query.get("dry_run") == "1":
            tiles = tiles_of(*size)
            for tile in tiles:
                del tile["milliseconds"], tile["anomaly"]
            return self.answer_json(200, {"width": size[0], "height": size[1], "tiles": tiles, "blur_map": [],
                                          "exits": {}, "estimated_seconds": 3.2, "model": "fake@ffff"})
        wants_job = "respond-async" in self.headers.get("Prefer", "")
        if wants_job and behaviour.jobs == "refused":
            return self.problem(501, "not_implemented", "Not implemented")
        result = behaviour.restore(body) if behaviour.restore else body
        result = behaviour.answer(query) if behaviour.answer else result
        job = Job(body, kind, size, query, result)
        if behaviour.exits is not None:
            for tile in job.tiles:
                tile["exit"] = behaviour.exits
        if not wants_job or not behaviour.jobs:
            time.sleep(behaviour.seconds_per_tile * len(job.tiles))
            return self.answer(200, image_size(result)[0], result, Deblur_Tiles=str(len(job.tiles)),
                               Deblur_Exits="0=1, 4=7", Deblur_Model="fake@ffff", ETag='"fake"')
        if not behaviour.forgets_jobs:
            self.service.jobs[job.id] = job
        threading.Thread(target=job.run, args=(behaviour,), daemon=True).start()
        return self.answer_json(202, job.document(), Location=f"/jobs/{job.id}", Preference_Applied="respond-async")

    def do_DELETE(self):
        self.service.requests.append(("DELETE", self.path, self.headers))
        job = self.job()
        if job:
            job.finish("cancelled")
            self.answer(204)

    def do_GET(self):
        self.service.requests.append(("GET", self.path, self.headers))
        path = urllib.parse.urlsplit(self.path).path
        if path.startswith("/jobs/"):
            return self.get_job(path.split("/")[3:])
        if path == "/healthz":
            return self.answer(200, "text/plain", b"ok\n")
        if path == "/model":
            service = {**MODEL["service"], **self.service.behaviour.limits}
            return self.answer_json(200, {**MODEL, "service": service}) if self.is_admitted() else None
        file = (PUBLIC / path.lstrip("/")) if path != "/" else PUBLIC / "index.html"
        file = PUBLIC.parent / "openapi.yaml" if path == "/openapi.yaml" else file
        if ".." in path or not file.is_file():
            return self.problem(404, "not_found", "Not found")
        return self.answer(200, TYPES.get(file.suffix, "application/octet-stream"), file.read_bytes(),
                           Content_Security_Policy=POLICY, X_Content_Type_Options="nosniff", Cache_Control=self.service.caching)

    def job(self):
        if not self.is_admitted():
            return None
        job = self.service.jobs.get(urllib.parse.urlsplit(self.path).path.split("/")[2])
        if job is None:
            self.problem(404, "not_found", "Not found", "There is no such job.")
        elif job.expired:
            self.problem(410, "expired", "The result has expired")
            job = None
        return job

    def get_job(self, rest):
        job = self.job()
        if job is None:
            return None
        if not rest:
            return self.answer_json(200, job.document())
        if rest == ["events"]:
            return self.events(job)
        if job.state != "succeeded":
            return self.problem(409, "not_finished", "The job has not finished", Retry_After="1")
        if rest == ["exits"]:
            return self.answer_json(200, {"width": job.width, "height": job.height, "tiles": job.tiles})
        more = {"Deblur_Deadline": self.service.behaviour.deadline} if self.service.behaviour.deadline else {}
        return self.answer(200, image_size(job.result)[0], job.result, Deblur_Tiles=str(len(job.tiles)),
                           Deblur_Model="fake@ffff", **more)

    def events(self, job):
        behaviour = self.service.behaviour
        if not behaviour.events:
            return self.problem(404, "not_found", "Not found")
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        last = self.headers.get("Last-Event-ID", "0")
        count = 0
        try:
            self.wfile.write(b"retry: 200\n\n")
            for event, entry in follow(job, int(last) if last.isdigit() else 0, behaviour.ping_seconds):
                if event is None:
                    self.wfile.write(entry.encode())
                    continue
                number, name, data = entry
                self.wfile.write(f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())
                count += 1
                if count == behaviour.cut_events_after:
                    return
        except OSError:
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--seconds-per-tile", type=float, default=0.3)
    parser.add_argument("--queue-seconds", type=float, default=1.0)
    parser.add_argument("--key")
    options = parser.parse_args()
    service = FakeService(options.port, seconds_per_tile=options.seconds_per_tile,
                          queue_seconds=options.queue_seconds, key=options.key)
    print(f"fake service (nothing is deblurred) on {service.url}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        service.stop()


if __name__ == "__main__":
    main()
