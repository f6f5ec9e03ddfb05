from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, required=True, help="packed file or folder of photographs")
    parser.add_argument("--out", type=Path, required=True, help="folder; gets blur/ and sharp/")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--sharp-share", type=float, default=0.0, help="share of pairs whose input is sharp")
    parser.add_argument("--blur", type=json.loads, default={}, help='options as JSON, for instance {"longest": 20}')
    parser.add_argument("--threads", type=int)


def run(arguments: Namespace) -> None:
    import torch

    from ..data.blur import BlurOptions
    from ..data.photos import PhotoStore
    from ..evaluation.pairs import make_pairs, write_pairs

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    pairs = make_pairs(PhotoStore.open(arguments.photos), arguments.count, arguments.seed, arguments.size,
                       BlurOptions.from_json(arguments.blur), arguments.sharp_share)
    write_pairs(pairs, arguments.out)
    print(f"{len(pairs)} pairs in {arguments.out}")
