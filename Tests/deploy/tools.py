"""Programs that judge files, for the tests that can do without one."""

import shutil
import subprocess
import sys
from pathlib import Path

import proxy
from support import DEPLOY, Skipped


def tool(name):
    """From PATH or from the environment of this Python."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if not found:
        raise Skipped(f"{name} is not installed")
    return found


def run(*command, cwd=DEPLOY):
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout + done.stderr


def tool_nginx():
    found = proxy.program("nginx")
    if not found:
        raise Skipped("nginx is not installed")
    return found
