"""The image `Deploy/container build` made, run as a cluster would run it and asked for a photo through nginx.

Not through a container engine, which a test machine may lack: the image's own configuration (user, environment, entry
point, health check) is applied by inside.py. Needs root, for namespaces and mounts.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import proxy
from support import ROOT, Checks, expect, free_port, png, request, start, wait_for, work_folder

IMAGE = os.environ.get("IMAGE", "localhost/deblur")
STORAGE = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot", **os.environ}


def image_configuration():
    text = subprocess.run(
        ["buildah", "inspect", "--type", "image", IMAGE], check=True, capture_output=True, env=STORAGE
    ).stdout
    return json.loads(text)["Docker"]["config"]


class Container:
    def __init__(self, folder, root, configuration, name, *more, model_folder=None):
        self.configuration, self.root = configuration, root
        self.port = free_port()
        self.uid, self.gid = configuration["User"].split(":")
        self.environment = dict(pair.split("=", 1) for pair in configuration["Env"])
        self.environment |= {
            "DEBLUR_PORT": str(self.port),
            "DEBLUR_HOST": "127.0.0.1",
            **dict(p.split("=", 1) for p in more),
        }
        self.log = folder / f"{name}.log"
        mounts = ["--model-folder", model_folder] if model_folder else []
        command = configuration["Entrypoint"] + configuration["Cmd"]
        self.outer = start(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                sys.executable,
                ROOT / "Tests/deploy/inside.py",
                root,
                self.uid,
                self.gid,
                *mounts,
                *(f"{k}={v}" for k, v in self.environment.items()),
                "--",
                *command,
            ],
            self.log,
        )
        wait_for(lambda: self.health().returncode == 0, 60, f"healthy: {self.log.read_text()[-800:]}")

    @property
    def pid(self):
        children = Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def health(self):
        """The image's health check, in the namespaces of the service."""
        if self.outer.poll() is not None:
            raise AssertionError(f"ended: {self.log.read_text()[-800:]}")
        test = self.configuration["Healthcheck"]["Test"]
        expect(test[0], "CMD", "health check without a shell")
        if not self.pid:
            return subprocess.CompletedProcess([], 1)
        return subprocess.run(
            [
                "nsenter",
                "-t",
                str(self.pid),
                "--mount",
                "--pid",
                "--root",
                "--wd",
                "-S",
                self.uid,
                "-G",
                self.gid,
                "--",
                *test[1:],
            ],
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def terminate(self):
        """Seconds from SIGTERM to the end, and the exit status. The service is process 1 there."""
        began = time.time()
        os.kill(self.pid, signal.SIGTERM)
        status = self.outer.wait(40)
        return time.time() - began, status


def is_contained(container):
    status = Path(f"/proc/{container.pid}/status").read_text()
    fields = dict(re.findall(r"^(\w+):\s*(.*)$", status, re.M))
    expect(set(fields["Uid"].split()), {"10001"}, "Uid")
    expect(int(fields["CapEff"], 16) | int(fields["CapPrm"], 16), 0, "capabilities")
    expect(fields["NoNewPrivs"], "1", "NoNewPrivs")
    mounts = Path(f"/proc/{container.pid}/mountinfo").read_text().splitlines()
    root = next(line.split() for line in mounts if line.split()[4] == "/")
    expect("ro" in root[5].split(","), True, "read-only root")
    return f"resident {int(fields['VmRSS'].split()[0]) // 1024} MiB, {fields['Threads']} threads"


def photo_through_nginx(container, folder):
    running = proxy.Proxy("nginx", folder / "nginx", [container.port])
    answer = request(running.port, "POST", "/deblur", png(640, 480), {"Content-Type": "image/png"})
    expect(answer.status, 200, "status")
    expect(answer.body[:4], b"\x89PNG", "format")
    running.stop()
    return f"{answer.headers['deblur-model']}, {answer.seconds:.2f} s"


def stops_on_sigterm(container):
    seconds, status = container.terminate()
    expect(status, 0, "exit status")
    if seconds > 3:  # Idle: far below --drain.
        raise AssertionError(f"{seconds:.1f} s")
    return f"after {seconds:.2f} s"


def another_model(folder, root, configuration):
    models = folder / "models"
    models.mkdir()
    source = next((ROOT / "Models").glob("*.safetensors"))
    shutil.copy(source, models / "mine.safetensors")
    container = Container(
        folder,
        root,
        configuration,
        "mounted",
        "DEBLUR_MODEL=/models/mine.safetensors",
        model_folder=models,
    )
    container.terminate()
    try:
        Container(folder, root, configuration, "absent", "DEBLUR_MODEL=/models/absent.safetensors", model_folder=models)
    except AssertionError as error:
        expect("absent.safetensors" in str(error), True, f"named in {error}")
    else:
        raise AssertionError("started with a model that is not there")


def bill_of_materials(folder, root):
    file = folder / "sbom.spdx.json"
    with open(file, "wb") as output:
        subprocess.run([sys.executable, ROOT / "Deploy/sbom.py", root], check=True, stdout=output)
    # Since Debian 13 some names end with t64: their times have 64 bits everywhere.
    names = {part["name"].removesuffix("t64") for part in json.loads(file.read_text())["packages"]}
    wanted = {
        "deblur",
        "libjpeg62-turbo",
        "libpng16-16",
        "libopenblas0-pthread",
        "libfftw3-single3",
        "libfreetype6",
        "libssl3",
        "libpq5",
        "libc6",
        "swift-argument-parser",
        "swift-log",
        "swift-runtime",
    }
    expect(sorted(wanted - names), [], "missing")
    validator = shutil.which("pyspdxtools") or shutil.which("pyspdxtools", path=str(Path(sys.executable).parent))
    if validator:
        subprocess.run([validator, "-i", file], check=True, capture_output=True)
    return f"{len(names)} parts, {'valid SPDX' if validator else 'not validated: pyspdxtools is not installed'}"


def no_root_s_programs(root):
    """Set-user-id programs are a way up that nobody here needs."""
    found = [
        str(p.relative_to(root))
        for p in root.rglob("*")
        if p.is_file() and not p.is_symlink() and p.stat().st_mode & 0o6000
    ]
    expect(found, [], "set-user-id or set-group-id")


def main():
    if os.geteuid():
        print("skipped: needs root")
        return 77
    checks, folder = Checks(), work_folder()
    configuration = image_configuration()
    root = folder / "root"
    subprocess.run([ROOT / "Deploy/container", "root", root], check=True, env=STORAGE)
    # Nothing may need a shell.
    for name in ("sh", "bash", "dash"):
        (root / "usr/bin" / name).unlink(missing_ok=True)
    container = Container(folder, root, configuration, "image")
    checks.run("image: deblur health", lambda: expect(container.health().stdout.strip(), "ready", "answer"))
    checks.run("image: other user, read-only root, no privileges", is_contained, container)
    checks.run("image: a photo through nginx", photo_through_nginx, container, folder)
    checks.run("image: SIGTERM", stops_on_sigterm, container)
    checks.run("image: bill of materials", bill_of_materials, folder, root)
    checks.run("image: no set-user-id programs", no_root_s_programs, root)
    checks.run("image: a mounted model", another_model, folder, root, configuration)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
