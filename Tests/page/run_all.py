"""Runs all tests of the page: the files side by side, two for each core because they wait much, the timed ones alone.

Each file's output comes in one piece, with unittest's closing lines; the exit status is 1 when one of them failed.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ALONE = ["test_speed"]
# The longest first, so that none is left over at the end.
FIRST = ["test_album", "test_access", "test_states", "test_jobs", "test_refusals"]


def run(module):
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "unittest", *sys.argv[1:], module], cwd=HERE, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(f"{done.stdout}{module}: {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode


def main():
    modules = sorted(path.stem for path in HERE.glob("test_*.py"))
    modules.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(min(6, 2 * (os.cpu_count() or 1))) as pool:
        results = list(pool.map(run, [name for name in modules if name not in ALONE]))
    results += [run(name) for name in ALONE]
    print(f"all of the page's tests: {time.monotonic() - began:.0f} s")
    return int(any(results))


if __name__ == "__main__":
    sys.exit(main())
