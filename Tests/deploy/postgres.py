"""A PostgreSQL server of a test's own, and a way to it that can be cut."""

import glob
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

from support import Skipped, free_port, wait_for


class Database:
    """A server with a socket in a folder of its own, and no port.

    synced: every commit is on the medium, as in production; else a crash of the machine may take it along, which no test here tries.
    """

    def __init__(self, synced=False):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb")) or [shutil.which("initdb")]
        if not found[-1]:
            raise Skipped("PostgreSQL's server is not installed")
        self.programs = Path(found[-1]).parent
        self.synced = synced
        # The path of a Unix socket has to be short.
        self.folder = tempfile.mkdtemp(prefix="deblur-pg-", dir="/tmp")
        self.user = []
        if os.geteuid() == 0:  # PostgreSQL does not run as root.
            os.chown(self.folder, pwd.getpwnam("nobody").pw_uid, -1)
            self.user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        self.call("initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "deblur", "--no-sync")
        self.start()

    def call(self, program, *arguments):
        subprocess.run(
            [*self.user, str(self.programs / program), *arguments], cwd=self.folder, check=True, stdout=subprocess.DEVNULL
        )

    def start(self):
        options = ["listen_addresses=", f"unix_socket_directories={self.folder}", f"fsync={'on' if self.synced else 'off'}"]
        arguments = [argument for option in options for argument in ("-c", option)]
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.user, str(self.programs / "postgres"), "-D", f"{self.folder}/data", *arguments],
                cwd=self.folder,
                stderr=log,
            )
        wait_for(lambda: self.ask("SELECT 1") == "1", 60, "the database")

    def stop(self, mode="fast"):
        self.process.send_signal({"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
        self.process.wait()

    def ask(self, statement):
        command = ["psql", "-h", self.folder, "-U", "deblur", "postgres", "-tAc", statement]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def remove(self):
        if self.process.poll() is None:
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def connection(self):
        return f"host={self.folder} user=deblur dbname=postgres"

    @property
    def socket(self):
        return f"{self.folder}/.s.PGSQL.5432"


class Wire:
    """TCP to a Unix socket, as the network between a program and its database: it can fall silent, or be refused.

    silent: nothing arrives in either direction and nobody is told, as when packets are dropped; what was sent arrives when it is mended.
    refused: connections are reset, new ones are refused, as when the machine behind it has gone.
    """

    def __init__(self, target):
        self.target, self.port = target, free_port()
        self.flows = threading.Event()
        self.open = []
        self.lock = threading.Lock()
        self.listener = None
        self.mend()

    @property
    def connection(self):
        return f"host=127.0.0.1 port={self.port} user=deblur dbname=postgres sslmode=disable gssencmode=disable"

    def cut(self, how):
        self.flows.clear()
        if how == "refused":
            # A thread waits in accept: closing alone would not end that.
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
            with self.lock:
                for end in self.open:
                    self.reset(end)
                self.open = []
            self.flows.set()

    def mend(self):
        self.flows.set()
        if not self.listener:
            self.listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.join, args=(client,), daemon=True).start()

    def join(self, client):
        self.flows.wait()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:
            return self.reset(client)
        with self.lock:
            self.open += [client, server]
        threading.Thread(target=self.carry, args=(server, client), daemon=True).start()
        self.carry(client, server)

    def carry(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                self.flows.wait()
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @staticmethod
    def reset(end):
        """With a reset in place of an orderly end."""
        try:
            if end.family != socket.AF_UNIX:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        end.close()
