"""`deblur-train`: one sub-command per step."""

from __future__ import annotations

import argparse
import importlib
import sys

# Each lives in the module of that name in commands/, which has `add_arguments(parser)` and `run(arguments)`.
COMMANDS = {
    "pack": "put a folder of photographs into one file",
    "synth": "make folders of blurred and sharp pictures",
    "train": "train one phase, or go on with it",
    "calibrate": "measure what each sub-decoder gains per class; derive the exits",
    "export": "write a run's averages as a model file for the engine",
    "average": "let runs on several cores or machines go on from their mean",
    "slim": "write a checkpoint at a third of its size, in parts if need be, or join parts",
    "validate": "score a model on seeded pairs; tables and contact sheets",
    "perceptual": "LPIPS and NIQE of restored pictures, with packages of your own",
    "cost": "GFLOP per tile and bytes on disk of a model",
    "bench": "time training steps at several sizes",
    "fixtures": "write the known answers for the engine's tests",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="deblur-train", description="Trains AdaRevD for the deblur service.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    given = sys.argv[1:] if arguments is None else arguments
    for name, help_text in COMMANDS.items():
        sub = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".",
                                  formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        if name in given[:1]:  # only the module asked for is loaded: torch alone takes seconds
            found = importlib.import_module(f".commands.{name}", __package__)
            found.add_arguments(sub)
            sub.set_defaults(run=found.run)
    parsed = parser.parse_args(given)
    try:
        return parsed.run(parsed) or 0
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"deblur-train {parsed.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"deblur-train {parsed.command}: stopped", file=sys.stderr)
        return 130
