"""What photos cost the real service, for docs/scaling.md: core seconds by the process's own account, so that other work on
the machine changes them little, and the highest resident memory.

    python3 Tests/deploy/measure.py [--kernels avx2]
"""

import sys
from pathlib import Path

from support import Service, expect, metric, png, request, work_folder

SIZES = [(1280, 720), (3264, 2448), (6000, 4000)]
EXITS = (1, 4)


def peak_bytes(service):
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def main():
    environment = {"MALLOC_ARENA_MAX": "2"}
    if "--kernels" in sys.argv:
        environment["DEBLUR_KERNELS"] = sys.argv[sys.argv.index("--kernels") + 1]
    print(
        "| photo | megapixels | tiles | exit | core seconds | per megapixel | peak resident MiB |\n|---|---|---|---|---|---|---|"
    )
    folder = work_folder()
    for width, height in SIZES:
        for exit in EXITS:
            service = Service(folder, f"{width}-{exit}", environment=environment)
            idle = peak_bytes(service)
            photo = png(width, height)
            before = metric(service.port, "process_cpu_seconds_total")
            answer = request(service.port, "POST", f"/deblur?exit={exit}", photo, {"Content-Type": "image/png"})
            expect(answer.status, 200, "status")
            seconds = metric(service.port, "process_cpu_seconds_total") - before
            megapixels = width * height / 1e6
            print(
                f"| {width}×{height} | {megapixels:.1f} | {answer.headers['deblur-tiles']} | {exit} | {seconds:.1f} | "
                f"{seconds / megapixels:.2f} | {peak_bytes(service) >> 20} (idle {idle >> 20}) |",
                flush=True,
            )
            service.process.terminate()


if __name__ == "__main__":
    main()
