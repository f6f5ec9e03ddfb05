"""schemathesis against the real service: does it do what openapi.yaml says, and refuse what that does not allow?

    python3 -m venv .venv/acceptance && .venv/acceptance/bin/pip install -r Tests/acceptance/requirements.txt
    python3 Tests/acceptance/contract.py [--examples 60] [--seed 1] [-- more options of `schemathesis run`]

All checks of schemathesis: status codes, media types, headers and schemas of answers are those of the contract; no
5xx; data outside the contract is refused and data inside it is taken; methods that a path does not have are answered
405 with Allow; with a key file, every path that asks for a key refuses without one. Phases: examples, coverage (each
bound of each parameter, deterministic), fuzzing, stateful. Fixed seed, bounded number of examples.

Two runs: without keys, and with --api-key-file and a key.
"""

import argparse
import json
import os
import subprocess
import sys

from rig import ROOT, SHORT, Checks, request, service, work_folder

FOLDER = ROOT / "Tests/acceptance"


def tool():
    for path in (
        ROOT / ".venv/acceptance/bin/schemathesis",
        os.path.join(os.path.dirname(sys.executable), "schemathesis"),
    ):
        if os.path.exists(path):
            return path
    return None


def pictures(port):
    """A folder with the repository's small fixture pictures, as far as the service can read them: some are damaged."""
    folder = work_folder()
    for file in sorted((ROOT / "Tests/Fixtures/images").iterdir()):
        if file.suffix in (".jpg", ".png") and request(port, "POST", "/deblur?exit=1", file.read_bytes()).status == 200:
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def run(options, folder, depth, more, *service_options):
    running = service("--queue", 4096, *service_options)
    log = work_folder() / "schemathesis.log"
    command = [
        tool(),
        "run",
        ROOT / "openapi.yaml",
        "--url",
        f"http://127.0.0.1:{running.port}",
        "--seed",
        options.seed,
        "--max-examples",
        options.examples,
        "--checks",
        "all",
        "--generation-database",
        "none",
        "--continue-on-failure",
        "--no-color",
        "--suppress-health-check",
        "all",
        "--request-timeout",
        60,
        "--workers",
        1,
        "--phases",
        "examples,coverage,fuzzing,stateful",
        *more,
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "contract_hooks",
        "PYTHONPATH": str(FOLDER),
        "CONTRACT_PICTURES": str(folder),
        "CONTRACT_DEPTH": str(depth),
    }
    with open(log, "wb") as output:
        code = subprocess.run(
            [str(part) for part in command], cwd=work_folder(), env=environment, stdout=output, stderr=subprocess.STDOUT
        ).returncode
    text = log.read_text(errors="replace")
    if code != 0 or running.process.poll() is not None:
        print(text[-options.tail :])
        raise AssertionError(f"schemathesis ended with {code}; the service {'lives' if running.ready() else 'is gone'}")
    lines = [line.strip() for line in text.splitlines() if "generated" in line or "passed" in line]
    return "; ".join(lines[-2:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=15 if SHORT else 60, help="at most, per operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tail", type=int, default=20_000, help="characters of the report that are shown on failure")
    options, more = parser.parse_known_args()
    more = [part for part in more if part != "--"]
    if not tool():
        print("skipped: schemathesis is not installed (Tests/acceptance/requirements.txt)")
        return 77
    print(f"contract: seed {options.seed}")
    checks = Checks()
    port = service().port
    folder, depth = pictures(port), json.loads(request(port, "GET", "/model").body)["sub_decoders"]
    checks.run("openapi.yaml and the service", run, options, folder, depth, more)
    keys = work_folder() / "keys"
    keys.write_text("# a key\nacceptance-key\n")
    more += ["-H", "Authorization: Bearer acceptance-key"]
    checks.run("the same with keys", run, options, folder, depth, more, "--api-key-file", keys)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
