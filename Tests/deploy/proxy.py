"""Starts each proxy from the files in Deploy/, changed only in ports and folders."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from support import DEPLOY, free_port, listening, start, stop, wait_for

NAMES = ["nginx", "haproxy", "caddy"]
PROGRAMS = {"nginx": ["/usr/sbin/nginx", "nginx"], "haproxy": ["/usr/sbin/haproxy", "haproxy"], "caddy": ["caddy"]}


def program(name):
    return next((found for found in map(shutil.which, PROGRAMS[name]) if found), None)


class Proxy:
    """A running proxy in front of `ports`: one service, or the replicas a, b, c."""

    def __init__(self, name, folder, ports, tls=None, limited=False):
        """`limited`: with the rate limits of the files; else so high that tests do not meet them."""
        self.name, self.ports, self.tls, self.limited = name, ports, tls, limited
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.tls_port = free_port()
        command, check = getattr(self, "_" + name)()
        done = subprocess.run(check, capture_output=True, text=True, cwd=self.folder)
        if done.returncode:
            raise AssertionError(f"{' '.join(map(str, check))}: {done.stdout}{done.stderr}")
        self.process = start(command, self.folder / "log", cwd=self.folder)
        wait_for(lambda: listening(self.port), 20, f"{name} listens")

    def stop(self):
        stop(self.process)

    def _replace_ports(self, text):
        """8080 or 8081, 8082, 8083 become the real ones."""
        if len(self.ports) == 1:
            return text.replace("127.0.0.1:8080", f"127.0.0.1:{self.ports[0]}")
        for number, port in zip(("8081", "8082", "8083"), self.ports):
            text = text.replace(f"127.0.0.1:{number}", f"127.0.0.1:{port}")
        return text

    def _nginx(self):
        source = DEPLOY / "nginx"
        for folder in ("cache", "temp"):
            (self.folder / folder).mkdir()
        upstream = "upstream-one.conf" if len(self.ports) == 1 else "upstream-replicas.conf"
        texts = {
            "upstream.conf": self._replace_ports((source / upstream).read_text()),
            "limits.conf": (source / "limits.conf").read_text(),
            "locations.conf": (source / "locations.conf").read_text(),
            "server.conf": (source / ("server-tls.conf" if self.tls else "server-plain.conf")).read_text(),
        }
        for name, text in texts.items():
            text = text.replace("/var/cache/nginx/deblur", str(self.folder / "cache"))
            text = text.replace("/etc/nginx/deblur/", f"{self.folder}/")
            text = text.replace("/var/log/nginx/deblur.log", str(self.folder / "access.log"))
            text = text.replace("/etc/ssl/deblur", str(self.tls))
            text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.M)
            text = text.replace("listen 80;", f"listen 127.0.0.1:{self.port};")
            text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.tls_port} ")
            if not self.limited:
                text = text.replace("rate=120r/m", "rate=100r/s")
            (self.folder / name).write_text(text)
        temp = self.folder / "temp"
        paths = "".join(
            f"    {kind}_temp_path {temp}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"user root;\nworker_processes 2;\ndaemon off;\npid {self.folder}/pid;\nerror_log {self.folder}/error.log info;\n"
            f"events {{ worker_connections 1024; }}\nhttp {{\n{paths}"
            "    include upstream.conf;\n    include limits.conf;\n    include server.conf;\n}\n"
        )
        command = [
            program("nginx"),
            "-p",
            self.folder,
            "-c",
            self.folder / "nginx.conf",
            "-e",
            self.folder / "error.log",
        ]
        return command, command + ["-t"]

    def _haproxy(self):
        text = (DEPLOY / "haproxy/haproxy.cfg").read_text()
        if len(self.ports) > 1:
            # The lines for replicas are comments of the file; the single server gives way to the first of them.
            text = re.sub(
                r"^( *)# ((?:use_backend|server|backend) *(?:deblur_)?[abc] .*|backend deblur_[abc])$",
                r"\1\2",
                text,
                flags=re.M,
            )
            text = re.sub(r"^#( +(?:server [abc] .*|option http-no-delay))$", r"\1", text, flags=re.M)
            text = text.replace("127.0.0.1:8080", "127.0.0.1:8081")
        text = self._replace_ports(text).replace("bind :80\n", f"bind 127.0.0.1:{self.port}\n")
        if not self.limited:
            text = text.replace("sc_gpc0_rate(0) gt 120", "sc_gpc0_rate(0) gt 6000")
        text = text.replace("/run/haproxy/", f"{self.folder}/")
        if os.geteuid():  # Only root can become someone else.
            text = re.sub(r"^ +(user|group|chroot) .*\n", "", text, flags=re.M)
        if self.tls:
            text = re.sub(
                r"# (bind) :443 (.*)/etc/ssl/deblur/combined.pem",
                rf"\1 127.0.0.1:{self.tls_port} \2{self.tls}/combined.pem",
                text,
            )
        (self.folder / "haproxy.cfg").write_text(text)
        command = [program("haproxy"), "-f", self.folder / "haproxy.cfg"]
        return command + ["-db"], command + ["-c"]

    def _caddy(self):
        text = (DEPLOY / "caddy/Caddyfile").read_text()
        if len(self.ports) > 1:
            text = text.replace(
                "reverse_proxy 127.0.0.1:8080 {", "reverse_proxy 127.0.0.1:8081 127.0.0.1:8082 127.0.0.1:8083 {"
            )
            block = re.search(r"\t# (handle /jobs/a-\*.*?\n)\t# \}\n", text, re.S).group(0)
            example = re.sub(r"^\t# ?", "\t", block, flags=re.M)
            text = text.replace(
                block,
                "".join(
                    example.replace("/a-", f"/{name}-").replace("8081", number)
                    for name, number in zip("abc", ("8081", "8082", "8083"))
                ),
            )
        text = self._replace_ports(text).replace("\n:80 {", f"\nhttp://127.0.0.1:{self.port} {{")
        # The address has a host here, so that nothing listens elsewhere; any Host field is meant.
        text = text.replace(f"http://127.0.0.1:{self.port} {{", f"http://:{self.port} {{\n\tbind 127.0.0.1")
        (self.folder / "Caddyfile").write_text(text)
        adapter = ["--config", self.folder / "Caddyfile", "--adapter", "caddyfile"]
        return [program("caddy"), "run", *adapter], [program("caddy"), "validate", *adapter]
