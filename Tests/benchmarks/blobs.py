#!/usr/bin/env python3
"""How PostgreSQL keeps photos: bytea in pieces of 1 MiB (what the program does) against large objects; docs/scaling.md has the result.

    python3 -m venv .venv/blobs && .venv/blobs/bin/pip install 'psycopg[binary]==3.3.9'
    .venv/blobs/bin/python Tests/benchmarks/blobs.py [--megabytes 256]

Both with the same client, in binary, piece by piece, each photo in one transaction that is synced; the bytes are random, as those of
JPEG are to a compressor. A server is started for it and removed.
"""

import argparse
import os
import sys
import threading
import time
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "deploy"))
from postgres import Database  # noqa: E402

PIECE = 1 << 20
PIECES_TABLE = """
    CREATE TABLE pieces (photo bigint, piece int, bytes bytea NOT NULL, PRIMARY KEY (photo, piece));
    ALTER TABLE pieces ALTER bytes SET STORAGE EXTERNAL"""


def pieces_of(photo):
    return [photo[first : first + PIECE] for first in range(0, len(photo), PIECE)]


class Pieces:
    name = "bytea in pieces"
    tables = ("pieces",)

    @staticmethod
    def write(connection, number, photo):
        with connection.transaction():
            for index, piece in enumerate(pieces_of(photo)):
                connection.execute("INSERT INTO pieces VALUES (%s, %s, %b)", (number, index, piece))
        return number

    @staticmethod
    def read(connection, number, size):
        found = []
        for index in range(-(-size // PIECE)):
            row = connection.execute(
                "SELECT bytes FROM pieces WHERE photo = %s AND piece = %s", (number, index), binary=True
            ).fetchone()
            found.append(row[0])
        return b"".join(found)

    @staticmethod
    def remove(connection, numbers):
        connection.execute("DELETE FROM pieces WHERE photo = ANY(%s)", (numbers,))


class LargeObjects:
    name = "large objects"
    tables = ("pg_largeobject", "pg_largeobject_metadata")

    @staticmethod
    def write(connection, number, photo):
        with connection.transaction():
            name = connection.execute("SELECT lo_create(0)").fetchone()[0]
            for index, piece in enumerate(pieces_of(photo)):
                connection.execute("SELECT lo_put(%s, %s, %b)", (name, index * PIECE, piece))
        return name

    @staticmethod
    def read(connection, name, size):
        found = []
        for first in range(0, size, PIECE):
            row = connection.execute("SELECT lo_get(%s, %s, %s)", (name, first, PIECE), binary=True).fetchone()
            found.append(row[0])
        return b"".join(found)

    @staticmethod
    def remove(connection, names):
        connection.execute("SELECT lo_unlink(name) FROM unnest(%s::oid[]) AS name", (names,))


class Bench:
    def __init__(self, database, megabytes):
        self.database = database
        self.bytes = megabytes * 1_000_000
        self.connection = self.connect()

    def connect(self):
        return psycopg.connect(self.database.connection, autocommit=True)

    def one(self, statement):
        return self.connection.execute(statement).fetchone()[0]

    def size(self, way):
        return sum(self.one(f"SELECT pg_total_relation_size('{table}')") for table in way.tables)

    def sizes(self, way, megabytes):
        """Write, read, remove, vacuum so many bytes in photos of one size; a row of the table."""
        size = megabytes * 1_000_000
        count = max(2, self.bytes // size)
        photo = os.urandom(size)
        self.connection.execute("CHECKPOINT")
        log = self.one("SELECT pg_current_wal_lsn()")
        before = self.size(way)
        seconds, names = timed(lambda: [way.write(self.connection, number, photo) for number in range(count)])
        write = count * size / seconds / 1e6
        logged = float(self.one(f"SELECT pg_current_wal_lsn() - '{log}'")) / (count * size)
        taken = (self.size(way) - before) / (count * size)
        seconds, found = timed(lambda: [way.read(self.connection, name, size) == photo for name in names])
        if not all(found):
            raise SystemExit(f"{way.name}: other bytes came back")
        read = count * size / seconds / 1e6
        removing, _ = timed(lambda: way.remove(self.connection, names))
        vacuum, _ = timed(lambda: [self.connection.execute(f"VACUUM {table}") for table in way.tables])
        left = (self.size(way) - before) / (count * size)
        return (
            f"| {way.name} | {megabytes} MB | {write:.0f} | {read:.0f} | {taken:.2f} | {logged:.2f} | {1e3 * removing / count:.1f} | "
            f"{1e3 * vacuum:.0f} | {left:.2f} |"
        )

    def together(self, way, megabytes, writers=3):
        """MB/s of several writers at once, each with a connection."""
        photo = os.urandom(megabytes * 1_000_000)
        count = max(2, self.bytes // len(photo) // writers)
        connections = [self.connect() for _ in range(writers)]
        names = [[] for _ in range(writers)]

        def work(index):
            for number in range(count):
                names[index].append(way.write(connections[index], 1_000_000 * (index + 1) + number, photo))

        threads = [threading.Thread(target=work, args=(index,)) for index in range(writers)]
        seconds, _ = timed(lambda: [thread.start() for thread in threads] + [thread.join() for thread in threads])
        way.remove(self.connection, sum(names, []))
        for table in way.tables:
            self.connection.execute(f"VACUUM {table}")
        return writers * count * len(photo) / seconds / 1e6


def timed(work):
    began = time.monotonic()
    found = work()
    return time.monotonic() - began, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=256, help="written for each row")
    arguments = parser.parse_args()
    database = Database(synced=True)
    try:
        bench = Bench(database, arguments.megabytes)
        bench.connection.execute(PIECES_TABLE)
        print("| | photo | write, MB/s | read, MB/s | room | WAL | remove, ms | VACUUM, ms | room left |")
        print("|---|---|---|---|---|---|---|---|---|")
        for megabytes in (1, 8, 64):
            for way in (Pieces, LargeObjects):
                print(bench.sizes(way, megabytes), flush=True)
        for way in (Pieces, LargeObjects):
            print(f"three writers of 8 MB: {way.name} {bench.together(way, 8):.0f} MB/s together", flush=True)
    finally:
        database.remove()


if __name__ == "__main__":
    main()
