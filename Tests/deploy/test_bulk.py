"""Bulk work as Kubernetes and Slurm start it, as processes of this machine: each photo once, the bytes of one run, a killed
part finished by the next."""

import json
import os
import re
import shutil
import signal
import subprocess

import bulk
from support import PROGRAM, Checks, Skipped, expect, png, start, wait_for, work_folder

COUNT, PARTS = 100, 7
COMMANDS = {"kubernetes": bulk.kubernetes_command, "slurm": bulk.slurm_command}


def make_photos(folder, count, side):
    """`0/0.png` … `9/99.png`, each another picture, and a note that is none."""
    for number in range(count):
        path = folder / str(number % 10) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(side, side, "noise", seed=number))
    (folder / "notes.txt").write_text("no photo\n")


def start_part(kind, folder, part, parts):
    command, more = COMMANDS[kind](folder, part, parts)
    return start(command, folder / f"log-{part}", env=bulk.environment(more))


def run_part(kind, folder, part, parts):
    process = start_part(kind, folder, part, parts)
    expect(process.wait(300), 0, f"exit status, {(folder / f'log-{part}').read_text()[-500:]}")


def results(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def one_run(photos, output):
    """The same photos without parts."""
    command = [PROGRAM, "image", "--threads", "1", "--quiet", photos, f"{output}/"]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=bulk.environment({}))
    expect((done.returncode, done.stderr), (0, ""), "one run")
    return results(output)


def each_once(kind, photos, whole, folder):
    """All parts at the same time on one folder."""
    folder.mkdir()
    shutil.copytree(photos, folder / "photos")
    processes = [start_part(kind, folder, part, PARTS) for part in range(PARTS)]
    for part, process in enumerate(processes):
        expect(process.wait(300), 0, f"part {part}: {(folder / f'log-{part}').read_text()[-500:]}")
    expect(results(folder / "results") == whole, True, "the bytes of one run")

    files = [json.loads(path.read_text()) for path in bulk.reports(folder, kind)]
    expect(len(files), PARTS, "reports")
    inputs = [entry["input"] for report in files for entry in report["files"]]
    expect((len(inputs), len(set(inputs))), (COUNT, COUNT), "each photo in one part")
    summaries = [report["summary"] for report in files]
    expect({s["inputs_of_all_parts"] for s in summaries}, {COUNT}, "inputs of all parts")
    total = {key: sum(s[key] for s in summaries) for key in ("inputs", "done", "skipped", "failed", "left_out")}
    expect(total, {"inputs": COUNT, "done": COUNT, "skipped": 0, "failed": 0, "left_out": 1}, "sum")
    return f"{PARTS} parts of {sorted(s['inputs'] for s in summaries)} photos"


def the_sum_of_the_readme(folder):
    """README.md's jq command over the reports that the Job has just written."""
    if not shutil.which("jq"):
        raise Skipped("jq is not installed")
    (command,) = re.findall(r"^    (jq -s .*?report-\*\.json)$", (bulk.KUBERNETES / "README.md").read_text(), re.M | re.S)
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True)
    expect(done.returncode, 0, done.stderr)
    expect(
        json.loads(done.stdout),
        {"of": COUNT, "inputs": COUNT, "done": COUNT, "skipped": 0, "failed": 0, "left_out": 1},
        "sum",
    )


def a_killed_part_is_finished(kind, photos, whole, folder):
    """`kill -9` after the first result, in the middle of the next; the same command does what is left, and that once."""
    folder.mkdir()
    shutil.copytree(photos, folder / "photos")
    output = folder / "results"
    process = start_part(kind, folder, 0, 2)
    wait_for(lambda: any(output.rglob("*.png")) or process.poll() is not None, 120, "a first result")
    process.send_signal(signal.SIGKILL)
    expect(process.wait(), -signal.SIGKILL, "killed before its end")
    before = {name: os.stat(output / name).st_mtime_ns for name in results(output) if name.endswith(".png")}
    expect(bulk.reports(folder, kind), [], "reports of a part that did not end")

    run_part(kind, folder, 0, 2)
    (report,) = bulk.reports(folder, kind)
    summary = json.loads(report.read_text())["summary"]
    expect((summary["skipped"], summary["failed"], summary["not_tried"]), (len(before), 0, 0), "left alone, failed, not tried")
    expect(summary["done"], summary["inputs"] - len(before), "done by the second run")
    if not summary["done"]:
        raise AssertionError("nothing was left to do")
    for name, time in before.items():
        expect(os.stat(output / name).st_mtime_ns, time, f"{name} was written again:")

    run_part(kind, folder, 1, 2)
    found = {name: data for name, data in results(output).items() if name.endswith(".png")}
    expect(found == whole, True, "the bytes of one run")
    return f"{len(before)} of {summary['inputs']} before the kill"


def one_bad_photo(folder):
    """Exit code 1 and nothing lost: what the Job's podFailurePolicy takes for a part that failed; 2 for a wrong command line."""
    photos = folder / "photos"
    make_photos(photos, 4, 16)
    (photos / "0/0.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    process = start_part("kubernetes", folder, 0, 1)
    expect(process.wait(120), 1, "exit status with a bad photo")
    summary = json.loads((folder / "report-0.json").read_text())["summary"]
    expect((summary["done"], summary["failed"]), (3, 1), "done and failed")
    process = start_part("kubernetes", folder, 7, 7)
    expect(process.wait(60), 2, "exit status of a part that is none")
    rules = bulk.manifest(bulk.KUBERNETES / "job.yaml")["spec"]["podFailurePolicy"]["rules"]
    codes = {code: rule["action"] for rule in rules for code in rule.get("onExitCodes", {}).get("values", [])}
    expect(codes, {1: "FailIndex", 2: "FailJob"}, "exit codes")


def a_part_that_was_not_asked_for(folder):
    """An array that does some parts says so; one whose parts are more than PARTS is refused by the program."""
    make_photos(folder / "photos", 1, 16)
    command, more = bulk.slurm_command(folder, 3, 8)
    done = subprocess.run(command, env=bulk.environment({**more, "SLURM_ARRAY_TASK_COUNT": "2"}), capture_output=True, text=True)
    expect((done.returncode, "this array does 2 of 8 parts" in done.stderr), (0, True), done.stderr)
    command, more = bulk.slurm_command(folder, 8, 8)
    done = subprocess.run(command, env=bulk.environment(more), capture_output=True, text=True)
    expect((done.returncode, "8" in done.stderr), (2, True), done.stderr)
    header = re.findall(r"^#SBATCH --array=0-(\d+)$", bulk.SLURM.read_text(), re.M)
    default = re.findall(r"\$\{PARTS:-(\d+)\}", bulk.SLURM.read_text())
    expect([str(int(last) + 1) for last in header], default, "parts of the header and of PARTS")


def a_bucket_there_and_back(folder):
    """rclone's two Jobs with a folder for the bucket, each run twice."""
    make_photos(folder / "bucket/album", 12, 16)

    def copy(what):
        command, more = bulk.rclone_command(what, folder)
        done = subprocess.run(command, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **more}, capture_output=True, text=True)
        expect(done.returncode, 0, f"{what}: {done.stderr[-500:]}")

    copy("fetch")
    copy("fetch")
    expect(results(folder / "photos"), results(folder / "bucket/album"), "fetched")
    run_part("kubernetes", folder, 0, 1)
    # What a part that was killed may leave.
    (folder / "results/3/.deblur-17.tmp").write_bytes(b"half a picture")
    copy("store")
    copy("store")
    stored, made = results(folder / "bucket/album-sharp"), results(folder / "results")
    made.pop("3/.deblur-17.tmp")
    expect((len(stored), stored == made), (12, True), "stored")


def main():
    checks, folder = Checks(), work_folder()
    small, large = folder / "small", folder / "large"
    make_photos(small, COUNT, 16)
    make_photos(large, 30, 160)
    whole_small, whole_large = one_run(small, folder / "one-small"), one_run(large, folder / "one-large")
    expect((len(whole_small), len(set(whole_small.values()))), (COUNT, COUNT), "different results of one run")
    for kind in COMMANDS:
        checks.run(f"{kind}: {PARTS} parts", each_once, kind, small, whole_small, folder / f"{kind}-parts")
        checks.run(f"{kind}: a killed part", a_killed_part_is_finished, kind, large, whole_large, folder / f"{kind}-killed")
    checks.run("the sum of all parts", the_sum_of_the_readme, folder / "kubernetes-parts")
    checks.run("a bad photo", one_bad_photo, folder / "bad")
    checks.run("some parts only", a_part_that_was_not_asked_for, folder / "some")
    checks.run("a bucket there and back", a_bucket_there_and_back, folder / "bucket-job")
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
