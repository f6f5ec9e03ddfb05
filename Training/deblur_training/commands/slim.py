from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="checkpoint, or with --join the first part")
    parser.add_argument("out", type=Path, help="file; with --part-mib the parts are OUT.00, OUT.01, …")
    parser.add_argument("--part-mib", type=float, help="cut into parts of at most so many MiB")
    parser.add_argument("--join", action="store_true", help="put parts together instead")


def run(arguments: Namespace) -> None:
    import io

    import torch

    from ..training.state import slim

    source, out = arguments.source, arguments.out
    out.parent.mkdir(parents=True, exist_ok=True)
    if arguments.join:
        parts = sorted(source.parent.glob(source.stem + ".[0-9][0-9]"))
        if not parts or [p.suffix for p in parts] != [f".{i:02}" for i in range(len(parts))]:
            raise ValueError(f"the parts of {source.stem} are not complete in {source.parent}")
        out.write_bytes(b"".join(p.read_bytes() for p in parts))
        torch.load(out, map_location="cpu", weights_only=True)  # a part that is missing at the end shows here
        print(f"{len(parts)} parts in {out}")
        return
    buffer = io.BytesIO()
    torch.save(slim(torch.load(source, map_location="cpu", weights_only=True)), buffer)
    data = buffer.getvalue()
    size = int(arguments.part_mib * 2**20) if arguments.part_mib else len(data)
    names = [out] if not arguments.part_mib else [out.with_name(f"{out.name}.{i:02}") for i in range(-(-len(data) // size))]
    for i, name in enumerate(names):
        name.write_bytes(data[i * size:(i + 1) * size])
    print(f"{len(data) / 2**20:.1f} MiB in {len(names)} file(s)")
