from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--recipe", type=Path, help="take the model of a recipe")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--blocks", default="1,1,1,28", help="of the encoder's scales")
    parser.add_argument("--decoders", type=int, default=4)
    parser.add_argument("--encoder", choices=["NAFNet", "UFPNet"], default="NAFNet")
    parser.add_argument("--tile", type=int, default=384)
    parser.add_argument("--json", action="store_true")


def run(arguments: Namespace) -> None:
    from ..network import ModelConfig
    from ..network.cost import cost_of
    from ..training.recipe import Recipe

    config = ModelConfig(arguments.width, [int(n) for n in arguments.blocks.split(",")], arguments.decoders,
                         arguments.encoder)
    if arguments.recipe:
        config = Recipe.read(arguments.recipe).model
    cost = cost_of(config, arguments.tile)
    if arguments.json:
        print(json.dumps(cost, indent=1))
        return
    print(f"width {config.width}, blocks {config.encoder_blocks}, {config.sub_decoders} sub-decoders, tile {arguments.tile}")
    for part, gflop in cost["gflop"].items():
        print(f"  {part:<16}{gflop:8.1f} GFLOP")
    print(f"  {cost['parameters'] / 1e6:.2f} M parameters, {cost['megabytes_bf16']:.1f} MB in bf16")
