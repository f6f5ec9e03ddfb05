"""The command lines of Deploy/kubernetes/bulk and Deploy/slurm, as a cluster starts them, with folders of this machine."""

import os
from pathlib import Path

from support import DEPLOY, PROGRAM, expect
from tools import Skipped, tool

KUBERNETES = DEPLOY / "kubernetes/bulk"
SLURM = DEPLOY / "slurm/deblur.sbatch"


def manifest(path):
    """The only object of a file that is a Job."""
    try:
        import yaml
    except ImportError:
        raise Skipped("PyYAML is not installed") from None
    (job,) = [entry for entry in yaml.safe_load_all(path.read_text()) if entry["kind"] == "Job"]
    return job


def container(job):
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


def kubernetes_command(folder, part, parts):
    """What pod `part` of `parts` runs, and the environment that the Job's controller adds."""
    job = manifest(KUBERNETES / "job.yaml")
    pod = container(job)
    count = job["spec"]["completions"]
    expect([a for a in pod["args"] if a.startswith("--shard")], [f"--shard=auto/{count}"], "completions and --shard")
    (name,) = [v["name"] for v in pod["env"] if "job-completion-index" in v["valueFrom"]["fieldRef"]["fieldPath"]]
    mounts = {m["mountPath"]: folder / m.get("subPath", "") for m in pod["volumeMounts"]}
    expect([m["mountPath"] for m in pod["volumeMounts"] if m.get("readOnly")], ["/photos"], "what cannot be written")
    arguments = [argument.replace(f"$({name})", str(part)) for argument in pod["args"]]
    arguments = [argument.replace(f"auto/{count}", f"auto/{parts}") for argument in arguments]
    for mount in sorted(mounts, key=len, reverse=True):
        arguments = [_moved(argument, mount, mounts[mount]) for argument in arguments]
    return [PROGRAM, *arguments, "--threads=1"], {"JOB_COMPLETION_INDEX": str(part)}


def _moved(argument, mount, folder):
    option, equals, path = argument.rpartition("=")
    inside = path == mount or path.startswith(f"{mount}/")
    return f"{option}{equals}{folder}{path[len(mount):]}" if inside else argument


def slurm_command(folder, part, parts):
    """What Slurm runs for task `part` of an array of `parts`, and what it sets."""
    environment = {
        "DEBLUR": str(PROGRAM),
        "PARTS": str(parts),
        "SLURM_ARRAY_TASK_ID": str(part),
        "SLURM_ARRAY_TASK_COUNT": str(parts),
        "SLURM_CPUS_PER_TASK": "1",
    }
    return ["bash", SLURM, folder / "photos", folder / "results"], environment


def rclone_command(what, folder):
    """The copy of a bucket: the remote is a folder here, and the settings are variables as in the manifest."""
    pod = container(manifest(KUBERNETES / f"bucket/{what}/job.yaml"))
    secret = {
        "RCLONE_CONFIG_BUCKET_TYPE": "alias",
        "RCLONE_CONFIG_BUCKET_REMOTE": str(folder / "bucket"),
        "BUCKET_PHOTOS": "album",
        "BUCKET_RESULTS": "album-sharp",
    }
    arguments = []
    for argument in pod["args"]:
        for name, value in secret.items():
            argument = argument.replace(f"$({name})", value)
        arguments.append(_moved(argument, "/data", folder))
    return [tool("rclone"), *arguments], {k: v for k, v in secret.items() if k.startswith("RCLONE")}


def environment(more):
    """Nothing of this process's own that a scheduler sets."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "JOB_", "RCLONE_"))}
    return {**kept, **more}


def reports(folder, kind):
    where = {"kubernetes": (folder, "report-*.json"), "slurm": (folder / "results.reports", "part-*.json")}
    place, pattern = where[kind]
    return sorted(Path(place).glob(pattern))
