"""100 clients that leave while tiles of their photos run: closed, reset, or only their sending side closed.

    python3 Tests/acceptance/disconnects.py [--times 100] [--seed 1]

Each posts a photo of 48 tiles, waits until a worker is busy and then a random time, and leaves in one of three ways:
an orderly close (FIN), a reset (RST), or shutting its sending side (half-close). A process of its own reads
`deblur_workers_busy` every few milliseconds. Holds, for each of them:

- workers are idle again within one step of the network each: from 10 ms after the client's leaving until they are
  idle, no worker finishes more than the step that it was in. Steps are counted by the service
  (`deblur_stage_seconds_count` of the encoder, the sub-decoders and the heads), so that this holds on a loaded
  machine, where a step takes longer, as well;
- the times from leaving to idle, and what a step took in the same run, are printed;
- `deblur_cancelled_total` grew by exactly one, `deblur_cancel_seconds` has as many observations;
- `deblur_memory_reserved_bytes` and `deblur_queue_tiles` are back at 0.

Afterwards a photo gives the same bytes as before, and there is no descriptor more than before.
"""

import argparse
import collections
import random
import socket
import struct
import time

from rig import (
    SHORT,
    Checks,
    Probe,
    connect,
    descriptors,
    expect,
    metrics,
    percentile,
    png,
    request,
    send_only,
    service,
    total,
    wait_for,
)

GAUGES = ("deblur_workers_busy", "deblur_queue_tiles", "deblur_memory_reserved_bytes")
STEPS = ("encoder", "sub_decoder", "head")


class Gauges:
    def __init__(self, port):
        self.port = port

    def __call__(self, state):
        samples = metrics(state.setdefault("connection", connect(self.port)))
        steps = [total(samples, "deblur_stage_seconds_count", f'stage="{stage}"') for stage in STEPS]
        return [samples[name] for name in GAUGES] + [sum(steps)]


class Disconnects:
    def __init__(self, options):
        self.options = options
        self.service = service("--queue", 64)
        self.port = self.service.port
        self.kept = connect(self.port)
        self.photo = png(2700, 2000, "gradient")
        self.small = png(384, 384, "noise")
        self.reference = self.calm()
        self.before = descriptors(self.service.process)
        self.left = []  # (when, how)

    def calm(self):
        return request(self.port, "POST", "/deblur?format=png", self.small, {"Content-Type": "image/png"}).body

    def samples(self):
        return metrics(self.kept)

    def leave(self, client, how):
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "half-closed":
            client.shutdown(socket.SHUT_WR)
        else:
            client.close()
        self.left.append((time.monotonic(), how))

    def one(self, source):
        before = self.samples()
        client = send_only(self.port, "/deblur?exit=2", self.photo)
        wait_for(lambda: self.samples()["deblur_workers_busy"] > 0, 20, "a worker is busy")
        time.sleep(source.uniform(0, 0.5))
        self.leave(client, how := source.choice(["closed", "reset", "half-closed"]))
        idle = lambda: all(self.samples()[name] == 0 for name in GAUGES)
        wait_for(idle, 20, f"idle after a client {how}")
        after = self.samples()
        for name in ("deblur_cancelled_total", "deblur_cancel_seconds_count"):
            expect(total(after, name) - total(before, name), 1, f"{name} after a client {how}")
        if how == "half-closed":
            client.settimeout(10)
            expect(client.recv(100), b"", "the connection is ended without an answer")
            client.close()

    def run(self):
        source = random.Random(self.options.seed)
        first = self.samples()
        probe = Probe(0.003, Gauges(self.port))
        for _ in range(self.options.times):
            self.one(source)
        self.seen = probe.stop()
        last = self.samples()
        steps = {}
        for stage in STEPS[:2]:
            label = f'stage="{stage}"'
            seconds, count = (
                total(last, f"deblur_stage_seconds_{what}", label) - total(first, f"deblur_stage_seconds_{what}", label)
                for what in ("sum", "count")
            )
            steps[stage] = seconds / count
        hows = collections.Counter(how for _, how in self.left)
        texts = ", ".join(f"{stage} {1e3 * seconds:.0f} ms" for stage, seconds in steps.items())
        return f"{dict(hows)}; a step takes: {texts}"

    def idle_in_time(self):
        seen = [(at, values) for at, seconds, values in self.seen if seconds is not None]
        workers = self.samples()["deblur_workers"]
        times, finished = [], []
        for left, _ in self.left:
            after = [(at, values) for at, values in seen if at >= left]
            last = next(index for index, (_, values) in enumerate(after) if values[0] == 0 and values[1] == 0)
            times.append(after[last][0] - left)
            begin = next(index for index, (at, _) in enumerate(after) if at >= left + 0.01)
            finished.append(max(0, after[last][1][3] - after[begin][1][3]))
        gaps = [b[0] - a[0] for a, b in zip(seen, seen[1:])]
        note = (
            f"idle after a median of {1e3 * percentile(times, 0.5):.0f} ms, p95 {1e3 * percentile(times, 0.95):.0f} "
            f"ms, worst {1e3 * max(times):.0f} ms (seen every {1e3 * percentile(gaps, 0.5):.1f} ms); steps that "
            f"{workers:.0f} workers finished after their client had left: "
            f"{dict(sorted(collections.Counter(finished).items()))}"
        )
        if max(finished) > workers:
            raise AssertionError(note)
        return note

    def aftermath(self):
        expect(self.calm() == self.reference, True, "the same bytes as before")
        wait_for(lambda: descriptors(self.service.process) <= self.before, 20, "descriptors given back")
        return f"{descriptors(self.service.process)} descriptors, {self.before} before"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20 if SHORT else 100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"disconnects: seed {options.seed}")
    checks = Checks()
    disconnects = Disconnects(options)
    checks.run(f"{options.times} clients left; each was counted once and left nothing reserved", disconnects.run)
    checks.run("workers were idle within a step", disconnects.idle_in_time)
    checks.run("the service is as before", disconnects.aftermath)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
