#!/usr/bin/env python3
"""The fuzzing corpora as single files, which the ordinary tests replay (Tests/TestSupport/FuzzCorpus.swift).

    corpus.py unpack FILE FOLDER            a file for each input
    corpus.py pack FILE FOLDER [MOST]       inputs of at most MOST bytes (default 700), shortest first

The file: for each input its length in four bytes, most significant first, then the input.
"""

import hashlib
import struct
import sys
from pathlib import Path


def unpack(file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    data, at, count = file.read_bytes(), 0, 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        entry = data[at + 4 : at + 4 + length]
        assert len(entry) == length, "cut off"
        (folder / hashlib.sha1(entry).hexdigest()).write_bytes(entry)
        at, count = at + 4 + length, count + 1
    print(f"{count} inputs from {file}")


def pack(file, folder, most=700):
    entries = {path.read_bytes() for path in folder.iterdir()}
    kept = sorted((entry for entry in entries if len(entry) <= most), key=lambda entry: (len(entry), entry))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(struct.pack(">I", len(entry)) + entry for entry in kept))
    print(f"{len(kept)} of {len(entries)} inputs, {file.stat().st_size} bytes, in {file}")


if __name__ == "__main__":
    action, file, folder, *rest = sys.argv[1:]
    {"pack": pack, "unpack": unpack}[action](Path(file), Path(folder), *map(int, rest))
