"""A name server for tests of a proxy that asks one."""

import socket
import struct
import threading


class Names:
    """A name server for the names of pods: enough of RFC 1035 for one A record."""

    def __init__(self, addresses):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port, self.addresses = self.socket.getsockname()[1], addresses
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:
                return
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1 : at + 1 + query[at]].decode())
                at += 1 + query[at]
            question = query[12 : at + 5]
            address = self.addresses.get(".".join(labels))
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + socket.inet_aton(address) if address else b""
            flags = 0x8180 if address else 0x8183
            self.socket.sendto(
                query[:2] + struct.pack(">HHHHH", flags, 1, 1 if address else 0, 0, 0) + question + answer, client
            )
