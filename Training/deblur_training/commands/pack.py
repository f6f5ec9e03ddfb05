from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, help="folder of photographs")
    parser.add_argument("--drawn", type=int, help="in their place, so many drawn pictures: enough to try things out")
    parser.add_argument("--out", type=Path, required=True, help="the packed file, .npz")
    parser.add_argument("--limit-mib", type=float, default=35, help="re-encodes as JPEG until it fits")
    parser.add_argument("--longest-side", type=int, help="shrinks photographs with a longer side to so many pixels")
    parser.add_argument("--texts", type=int, default=48, help="masks of rendered words")
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: Namespace) -> None:
    import numpy as np

    from ..data.drawn import drawn_pictures
    from ..data.photos import pack_photos

    if (arguments.photos is None) == (arguments.drawn is None):
        raise ValueError("give --photos or --drawn")
    with tempfile.TemporaryDirectory() as folder:
        for i, picture in enumerate(drawn_pictures(arguments.drawn or 0, arguments.seed)):
            picture.save(Path(folder) / f"{i:03}.png")
        source = arguments.photos or Path(folder)
        packed = pack_photos(source, int(arguments.limit_mib * 2**20), arguments.texts, arguments.seed,
                             arguments.longest_side)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(arguments.out, **packed)
    quality = int(packed["quality"])
    shrunk = f", none longer than {arguments.longest_side} pixels" if arguments.longest_side else ""
    print(f"{len(packed['names'])} photographs {f'at JPEG quality {quality}' if quality else 'as they are'}{shrunk}: "
          f"{arguments.out.stat().st_size / 2**20:.1f} MiB in {arguments.out}")
