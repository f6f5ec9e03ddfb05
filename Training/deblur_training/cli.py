"""`deblur-train`: one sub-command per step. Each lives in the module that does the work."""

from __future__ import annotations

import argparse
import importlib
import sys

# name: (module, what it does). A module has `add_arguments(parser)` and `run(arguments)`.
COMMANDS = {
    "pack": ("data.pack_command", "put a folder of photographs into one file"),
    "synth": ("data.synth_command", "make folders of blurred and sharp pictures"),
    "train": ("training.command", "train one phase, or go on with it"),
    "calibrate": ("evaluation.calibrate_command", "measure what each sub-decoder gains per class; derive the exits"),
    "export": ("training.export_command", "write a run's averages as a model file for the engine"),
    "average": ("training.average_command", "let runs on several cores or machines go on from their mean"),
    "slim": ("training.slim_command", "write a checkpoint at a third of its size, in parts if need be, or join parts"),
    "validate": ("evaluation.validate_command", "score a model on seeded pairs; tables and contact sheets"),
    "perceptual": ("evaluation.perceptual_command", "LPIPS and NIQE of restored pictures, with packages of your own"),
    "cost": ("network.cost_command", "GFLOP per tile and bytes on disk of a model"),
    "bench": ("training.bench_command", "time training steps at several sizes"),
    "fixtures": ("fixtures.command", "write the known answers for the engine's tests"),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="deblur-train", description="Trains AdaRevD for the deblur service.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    given = sys.argv[1:] if arguments is None else arguments
    for name, (module, help_text) in COMMANDS.items():
        sub = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".",
                                  formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        if name in given[:1]:  # only the module asked for is loaded: torch alone takes seconds
            found = importlib.import_module(f".{module}", __package__)
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
