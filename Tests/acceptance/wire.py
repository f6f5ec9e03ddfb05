"""Requests byte by byte, and the statuses in what comes back."""

import re

from rig import png

PICTURE = png(16, 16)
HOST = "Host: a\r\n"


def statuses(data):
    """The status of each answer in a stream of answers."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        match = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
        if not match:
            return found + [f"rubbish {data[:60]!r}"]
        found.append(int(match.group(1)))
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        data = rest[int(length.group(1)) if length and match.group(1) not in (b"304", b"204") else 0 :]
    return found


def post(headers, body=b"", path="/deblur", version="1.1"):
    return f"POST {path} HTTP/{version}\r\n{HOST}{headers}\r\n".encode("latin-1") + body


def get(path, headers="", version="1.1"):
    return f"GET {path} HTTP/{version}\r\n{HOST}Connection: close\r\n{headers}\r\n".encode("latin-1")


def form(parts, boundary="b", end="--"):
    body = b""
    for disposition, content in parts:
        body += (
            f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode("latin-1")
            + content
            + b"\r\n"
        )
    return body + f"--{boundary}{end}\r\n".encode()
