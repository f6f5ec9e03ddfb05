"""The service itself, from `.build/release/deblur`, on a port of its own; it can be killed and started again."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("DEBLUR", REPOSITORY / ".build/release/deblur"))


def is_built():
    return os.access(PROGRAM, os.X_OK)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RealService:
    """Runs `deblur serve` with these options. `keeps_jobs`: whether jobs outlive a kill, in a state folder."""

    def __init__(self, *options, keeps_jobs=True):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="deblur-service-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.options = [*options] + (["--state-dir", str(self.folder / "state")] if keeps_jobs else [])
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", "--port", str(self.port), *self.options],
                                            stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url + "readyz", timeout=2).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.1)
        raise RuntimeError("the service never became ready")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def restore(source, target):
    """`deblur image`, of a file or a folder, with the same model."""
    subprocess.run([PROGRAM, "image", "--quiet", source, target], check=True)
