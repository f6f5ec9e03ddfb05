from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="model file, .safetensors or .pth")
    parser.add_argument("--photos", type=Path, help="packed file or folder: seeded pairs are made from it")
    parser.add_argument("--folder", type=Path, help="pairs that `deblur-train synth` wrote, in place of --photos")
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--sheet", type=Path, help="contact sheet of eight pairs (.jpg); keep it out of the repository")
    parser.add_argument("--threads", type=int)


def run(arguments: Namespace) -> None:
    import json

    import torch

    from ..data.photos import PhotoStore
    from ..evaluation.pairs import make_pairs, read_pairs
    from ..evaluation.report import as_markdown, contact_rows, report
    from ..evaluation.sheet import write_sheet
    from ..network.checkpoint import load_model
    from ..training.setup import chosen_device

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if (arguments.photos is None) == (arguments.folder is None):
        raise ValueError("give --photos or --folder")
    device = chosen_device(arguments.device)
    model = load_model(arguments.model)
    pairs = read_pairs(arguments.folder) if arguments.folder else make_pairs(
        PhotoStore.open(arguments.photos), arguments.pairs, arguments.seed, arguments.size)
    found = report(model, pairs, device)
    text = as_markdown(found)
    print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    if arguments.markdown:
        arguments.markdown.write_text(text)
    if arguments.sheet:
        write_sheet(contact_rows(model, pairs, device), arguments.sheet)
