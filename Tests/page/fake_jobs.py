"""The jobs of the fake service: tiles that take a while, events. A test double, nothing is deblurred."""

import threading
import uuid
from datetime import datetime, timezone


def tile_starts(length, tile, overlap):
    """Starts of tiles along one axis; the last one ends at the border."""
    if length <= tile:
        return [0]
    starts = list(range(0, length - tile, tile - overlap))
    return starts + [length - tile]


def tiles_of(width, height, tile=384, overlap=32, classes=6, exits=4):
    """The grid, with classes and exits made up from the position: the same for every run."""
    found = []
    for row, y in enumerate(tile_starts(height, tile, overlap)):
        for column, x in enumerate(tile_starts(width, tile, overlap)):
            degradation = (row * 2 + column * 3) % classes
            found.append({
                "x": x, "y": y, "width": min(tile, width), "height": min(tile, height), "class": degradation,
                "exit": max(0, exits - (degradation * (exits + 1)) // classes), "milliseconds": 40.0 + degradation,
                "anomaly": "not_finite" if (row, column) == (1, 1) else None,
            })
    return found


class Job:
    def __init__(self, body, kind, size, query, result):
        self.id = uuid.uuid4().hex
        self.body, self.kind, self.query, self.result = body, kind, query, result
        self.width, self.height = size
        self.tiles = tiles_of(self.width, self.height)
        self.state, self.done, self.position = "queued", 0, 1
        self.created_at, self.started_at, self.finished_at = now(), None, None
        self.error, self.eta_seconds, self.expired = None, None, False
        self.events = []
        self.changed = threading.Condition()

    @property
    def is_final(self):
        return self.state in ("succeeded", "failed", "cancelled")

    def document(self):
        exits = {}
        for tile in self.tiles[: self.done]:
            exits[str(tile["exit"])] = exits.get(str(tile["exit"]), 0) + 1
        return {
            "id": self.id, "state": self.state, "created_at": self.created_at, "started_at": self.started_at,
            "finished_at": self.finished_at, "width": self.width, "height": self.height,
            "tiles": {"total": len(self.tiles), "done": self.done}, "exits": exits,
            "eta_seconds": self.eta_seconds, "position": self.position, "error": self.error,
        }

    def emit(self, name, data):
        with self.changed:
            self.events.append((len(self.events) + 1, name, data))
            self.changed.notify_all()

    def finish(self, state, error=None):
        with self.changed:
            if self.is_final:
                return
            self.state, self.error, self.finished_at = state, error, now()
            self.eta_seconds, self.position = None, None
        self.emit(state, self.document())

    def run(self, behaviour):
        self.eta_seconds = behaviour.queue_seconds + behaviour.seconds_per_tile * len(self.tiles)
        self.emit("queued", self.document())
        if not self.wait(behaviour.queue_seconds) or not self.stop(behaviour, "queued"):
            return
        self.state, self.started_at, self.position = "running", now(), None
        self.emit("started", self.document())
        for tile in self.tiles:
            if not self.wait(behaviour.seconds_per_tile):
                return
            self.done += 1
            self.eta_seconds = behaviour.seconds_per_tile * (len(self.tiles) - self.done)
            progress = {"done": self.done, "total": len(self.tiles), "eta_seconds": self.eta_seconds}
            self.emit("tile", {**tile, **progress})
            if not self.stop(behaviour, self.done):
                return
            if behaviour.job_error and self.done * 2 >= len(self.tiles):
                return self.finish("failed", behaviour.job_error)
        self.finish("succeeded")

    def stop(self, behaviour, place):
        """Waits while jobs are to stop here. False when the job was cancelled meanwhile."""
        while behaviour.stops_after == place:
            if not self.wait(0.02):
                return False
        return True

    def wait(self, seconds):
        """False when the job was cancelled meanwhile."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_final, timeout=seconds)
            return not self.is_final


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def follow(job, after, ping_seconds):
    """The job's events after an id, each as the text of the stream, until it has ended; pings in between."""
    while True:
        with job.changed:
            job.changed.wait_for(lambda: len(job.events) > after, timeout=ping_seconds)
            fresh = job.events[after:]
        if not fresh:
            yield None, ": ping\n\n"
        for number, name, data in fresh:
            after = number
            yield (name, data), (number, name, data)
            if name in ("succeeded", "failed", "cancelled"):
                return
