"""Deploy/'s files, each judged by the tool that will read it; a tool that is not installed is named and skipped."""

import ctypes
import ctypes.util
import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import controller
import kubernetes_files
from nginx_files import compose_nginx, kubernetes_router, nginx_as_its_readme_says
from support import DEPLOY, PROGRAM, Checks, Service, expect, png, request, stop, work_folder
from tools import Skipped, run, tool


def prometheus_rules():
    promtool = tool("promtool")
    folder = DEPLOY / "prometheus"
    run(promtool, "check", "config", "prometheus.yml", cwd=folder)
    run(promtool, "test", "rules", "rules_test.yml", cwd=folder)


def dashboard_is_what_the_script_writes():
    written = subprocess.run(
        [sys.executable, DEPLOY / "grafana/make_dashboard.py"], check=True, capture_output=True, text=True
    ).stdout
    expect(
        written == (DEPLOY / "grafana/dashboards/deblur.json").read_text(),
        True,
        "make_dashboard.py > dashboards/deblur.json",
    )


def metrics_exist(folder):
    """Every metric that a rule or a panel names is one that the service exports."""
    service = Service(folder, "metrics")
    text = request(service.port, "GET", "/metrics").body.decode()
    known = {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"^# TYPE (\w+)", text, re.M)}
    promtool = shutil.which("promtool")
    if promtool:
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
        expect((done.returncode, done.stderr), (0, ""), "promtool check metrics")
    stop(service.process, 40)
    for file in (
        "prometheus/rules.yml",
        "grafana/dashboards/deblur.json",
        "kubernetes/prometheus-adapter-rules.yaml",
        "kubernetes/base/scaling.yaml",
        "kubernetes/components/keda/scaled.yaml",
    ):
        used = set(re.findall(r"(?<![:\w])(?:deblur|process)_[a-z_]+", (DEPLOY / file).read_text()))
        used = {re.sub("_(bucket|sum|count)$", "", name) for name in used}
        expect(sorted(used - known), [], f"unknown metrics in {file}")
    return f"{len(known)} metrics"


def compose():
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml")
    mounts = re.findall(r"- (\./[\w./-]+):", re.sub(r"(?m)^ *#.*$", "", (DEPLOY / "compose.yaml").read_text()))
    expect([m for m in mounts if not (DEPLOY / m).exists()], [], "mounted files that are not there")
    return f"schema and {len(mounts)} mounts; not started: needs a container engine"


def router_has_nginx_s_files():
    for name in ("limits.conf", "locations.conf"):
        expect(
            (DEPLOY / "kubernetes/base/router" / name).read_text() == (DEPLOY / "nginx" / name).read_text(),
            True,
            f"equal {name}",
        )


def systemd():
    analyze = tool("systemd-analyze")
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / "deblur.service"
        unit.write_text((DEPLOY / "systemd/deblur.service").read_text().replace("/usr/local/bin/deblur", str(PROGRAM)))
        run(analyze, "verify", "--man=no", unit)
    output = run(
        analyze, "security", "--offline=true", "--no-pager", "--threshold=20", DEPLOY / "systemd/deblur.service"
    )
    return output.strip().splitlines()[-1].split("level ")[-1]


def confined_as_the_unit_says(folder):
    """The service under the unit's SystemCallFilter and MemoryDenyWriteExecute: start, a photo, SIGTERM."""
    analyze, library = tool("systemd-analyze"), ctypes.util.find_library("seccomp")
    if not library:
        raise Skipped("libseccomp is not installed")
    seccomp, libc = ctypes.CDLL(library), ctypes.CDLL(None)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    unit = (DEPLOY / "systemd/deblur.service").read_text()
    allowed, denied = set(), set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        names = denied if line.startswith("~") else allowed
        for group in line.lstrip("~").split():
            names |= expand(analyze, group)
    action, allow = 0x00050000 | errno.EPERM, 0x7FFF0000
    numbers = [n for n in (seccomp.seccomp_syscall_resolve_name(name.encode()) for name in allowed - denied) if n >= 0]

    def confine():
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        if "MemoryDenyWriteExecute=yes" in unit:
            libc.prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE
        filter = ctypes.c_void_p(seccomp.seccomp_init(action))
        for number in numbers:
            seccomp.seccomp_rule_add_array(filter, allow, number, 0, None)
        if seccomp.seccomp_load(filter):
            os._exit(99)

    service = Service(folder, "confined", confine=confine)
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    expect(re.search(r"^Seccomp:\s*(\d)", status, re.M).group(1), "2", "under a filter")
    answer = request(service.port, "POST", "/deblur", png(400, 300), {"Content-Type": "image/png"})
    expect(answer.status, 200, "photo")
    stop(service.process, 30)
    expect(service.process.returncode, 0, "exit status")
    return f"{len(numbers)} system calls allowed"


def expand(analyze, group):
    if not group.startswith("@"):
        return {group}
    names = set()
    for line in run(analyze, "syscall-filter", group).splitlines():
        word = line.strip().split(" ")[0]
        if word.startswith("@") and word != group:
            names |= expand(analyze, word)
        elif re.fullmatch(r"[a-z_0-9]+", word):
            names.add(word)
    return names


def main():
    checks, folder = Checks(), work_folder()

    checks.run("prometheus configuration, rules and their tests", prometheus_rules)
    checks.run("dashboard", dashboard_is_what_the_script_writes)
    checks.run("metrics that rules and panels name", metrics_exist, folder)
    checks.run("compose.yaml", compose)
    checks.run("nginx as its README says", nginx_as_its_readme_says, folder)
    checks.run("compose's nginx", compose_nginx, folder)
    checks.run("kubernetes: schemas", kubernetes_files.builds_and_is_valid)
    checks.run("kubernetes: base and components", kubernetes_files.base_needs_no_operator)
    checks.run("kubernetes: custom resources", kubernetes_files.custom_resources)
    checks.run("kubernetes: references", kubernetes_files.references_fit)
    checks.run("kubernetes: with a database", kubernetes_files.database_fits)
    for kind in ("Ingress", "HTTPRoute"):
        checks.run(f"kubernetes: {kind}, read by Traefik", controller.traefik_reads, kind, folder)
    checks.run("kubernetes: confinement", kubernetes_files.pods_are_confined)
    checks.run("kubernetes' copies", router_has_nginx_s_files)
    checks.run("kubernetes' router", kubernetes_router, folder)
    checks.run("systemd unit", systemd)
    checks.run("systemd's confinement", confined_as_the_unit_says, folder)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
