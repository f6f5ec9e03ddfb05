"""Deploy/'s files, each judged by the tool that will read it; a tool that is not installed is named and skipped."""

import ctypes
import ctypes.util
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import proxy
from name_server import Names
from replica_stub import Stub
from support import (
    DEPLOY,
    PROGRAM,
    Checks,
    Service,
    expect,
    free_port,
    listening,
    png,
    request,
    start,
    stop,
    wait_for,
    work_folder,
)


class Skipped(Exception):
    pass


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


def kubernetes():
    kubectl, validate = tool("kubectl"), tool("kubernetes-validate")
    notes = []
    for name in ("base", "example"):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(run(kubectl, "kustomize", DEPLOY / "kubernetes" / name))
            file.flush()
            output = run(validate, "--strict", file.name)
            notes.append(f"{name}: {output.count('passed')} valid, {output.count('Could')} without a schema")
    return "; ".join(notes)


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


def nginx_from_folder(folder, files, change):
    """nginx that reads a folder as its images do: conf.d in the order of names."""
    for sub in ("conf.d", "deblur", "temp", "cache"):
        (folder / sub).mkdir(parents=True)
    for target, source in files.items():
        text = change(source.read_text()).replace("/var/cache/nginx/", f"{folder}/cache/")
        text = text.replace("/etc/nginx/deblur/", f"{folder}/deblur/").replace(
            "/dev/stdout", str(folder / "access.log")
        )
        (folder / target).write_text(text)
    paths = "".join(
        f"{kind}_temp_path {folder}/temp/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; pid {folder}/pid; events {{}}\n"
        f"http {{ {paths} include {folder}/conf.d/*.conf; }}\n"
    )
    return start([tool_nginx(), "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"], folder / "log")


def nginx_as_its_readme_says(folder):
    """The commands of Deploy/nginx/README.md, in a folder that stands for the machine."""
    nginx, folder = tool_nginx(), folder / "debian"
    for sub in ("etc/nginx/conf.d", "var/log/nginx", "var/lib/nginx"):
        (folder / sub).mkdir(parents=True)
    paths = "".join(
        f"{kind}_temp_path {folder}/var/lib/nginx/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "etc/nginx/nginx.conf"
    file.write_text(f"pid {folder}/pid; events {{}}\nhttp {{ {paths} include {folder}/etc/nginx/conf.d/*.conf; }}\n")
    *commands, last = re.findall(r"^    (.+)$", (DEPLOY / "nginx/README.md").read_text(), re.M)
    expect(last, "nginx -t && systemctl reload nginx", "last command")
    run("bash", "-ec", re.sub(r"(?<= )/(etc|var)/", rf"{folder}/\1/", "\n".join(commands)), cwd=DEPLOY.parent)
    for path in folder.rglob("etc/nginx/*/*.conf"):
        text = re.sub(r"(?<= )/(etc|var)/", rf"{folder}/\1/", path.read_text())
        path.write_text(re.sub(r"^ *listen .*$", f"    listen 127.0.0.1:{free_port()};", text, count=1, flags=re.M)
                        .replace("    listen [::]:80;\n", ""))
    run(nginx, "-t", "-c", file, "-e", folder / "error.log")


def tool_nginx():
    found = proxy.program("nginx")
    if not found:
        raise Skipped("nginx is not installed")
    return found


def kubernetes_router(folder):
    """The router's own files: jobs of a pod go to its name, names that are no pod's are never looked up."""
    tool_nginx()
    pods = {0: Stub("0", host="127.0.0.11")}
    pods[1] = Stub("1", port=pods[0].port, host="127.0.0.12")
    names = Names(
        {f"deblur-{n}.deblur-pods.deblur.svc.cluster.local": stub.server.server_address[0] for n, stub in pods.items()}
    )
    port, source = free_port(), DEPLOY / "kubernetes/base/router"

    def change(text):
        return (
            text.replace("kube-dns.kube-system.svc.cluster.local", f"127.0.0.1:{names.port}")
            .replace("listen 8080", f"listen 127.0.0.1:{port}")
            .replace("server deblur:8080", f"server 127.0.0.11:{pods[0].port}")
            .replace("cluster.local:8080", f"cluster.local:{pods[0].port}")
            .replace("set_real_ip_from 10.0.0.0/8", "set_real_ip_from 127.0.0.0/8")
        )

    files = {f"conf.d/{name}": source / name for name in ("limits.conf", "upstream.conf", "server.conf")}
    running = nginx_from_folder(folder / "router", files | {"deblur/locations.conf": source / "locations.conf"}, change)
    wait_for(
        lambda: listening(port),
        20,
        (folder / "router/error.log").read_text()[-500:] if running.poll() else "router listens",
    )
    for number in pods:
        answer = request(port, "GET", f"/jobs/deblur-{number}-77/exits")
        expect(json.loads(answer.body)["replica"], str(number), "pod")
    expect(request(port, "GET", "/jobs/deblur-7-1").status, 503, "a pod that is not there")
    expect(request(port, "GET", "/jobs/evil.example.org-1").status, 200, "no pod's name goes to the service")
    # What a client wrote in front of the controller's word, and an address of the cluster's own networks.
    for said, meant in (("203.0.113.5", "203.0.113.5"), ("198.51.100.1, 127.0.0.9", "127.0.0.9")):
        answer = request(port, "POST", "/deblur", b"x", {"X-Forwarded-For": said, "X-Forwarded-Proto": "https"})
        headers = {k.lower(): v for k, v in json.loads(answer.body)["headers"].items()}
        fields = headers["x-forwarded-for"], headers["x-forwarded-proto"]
        expect(fields, (meant, "https"), "from the Ingress controller")
    expect(request(port, "GET", "/router").status, 200, "/router")
    stop(running)


def compose_nginx(folder):
    stub, port = Stub("a"), free_port()

    def change(text):
        return text.replace("server deblur:8080", f"server 127.0.0.1:{stub.port}").replace(
            "listen 8080", f"listen 127.0.0.1:{port}"
        )

    running = nginx_from_folder(
        folder / "compose",
        {
            "conf.d/00-limits.conf": DEPLOY / "nginx/limits.conf",
            "conf.d/10-upstream.conf": DEPLOY / "compose/upstream.conf",
            "conf.d/default.conf": DEPLOY / "compose/server.conf",
            "deblur/locations.conf": DEPLOY / "nginx/locations.conf",
        },
        change,
    )
    wait_for(lambda: listening(port), 20, "nginx listens")
    expect(request(port, "POST", "/deblur", bytes(1 << 20)).status, 200, "status")
    # Its /tmp is memory: uploads have to lie on the volume.
    expect(sorted(f.name for f in (folder / "compose/cache").iterdir()), ["answers", "deblur", "uploads"], "on the volume")
    stop(running)


def main():
    checks, folder = Checks(), work_folder()

    def check(name, function, *arguments):
        def judged():
            try:
                return function(*arguments)
            except Skipped as reason:
                return f"SKIPPED: {reason}"

        checks.run(name, judged)

    check("prometheus configuration, rules and their tests", prometheus_rules)
    check("dashboard", dashboard_is_what_the_script_writes)
    check("metrics that rules and panels name", metrics_exist, folder)
    check("compose.yaml", compose)
    check("nginx as its README says", nginx_as_its_readme_says, folder)
    check("compose's nginx", compose_nginx, folder)
    check("kubernetes", kubernetes)
    check("kubernetes' copies", router_has_nginx_s_files)
    check("kubernetes' router", kubernetes_router, folder)
    check("systemd unit", systemd)
    check("systemd's confinement", confined_as_the_unit_says, folder)
    return checks.finish()


if __name__ == "__main__":
    raise SystemExit(main())
