"""nginx with the files of Deploy/ where they lie on Debian, in Compose and in the cluster."""

import json
import re

from name_server import Names
from replica_stub import Stub
from support import DEPLOY, expect, free_port, listening, request, start, stop, wait_for
from tools import run, tool_nginx


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
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/var/lib/nginx/{kind};" for kind in kinds)
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
    volume = sorted(part.name for part in (folder / "compose/cache").iterdir())
    expect(volume, ["answers", "deblur", "uploads"], "on the volume")
    stop(running)
