from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="model file (.safetensors)")
    parser.add_argument("--photos", type=Path, required=True, help="packed file or folder: pairs are made from it")
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--tau", type=float, help="in dB; without it the leanest that loses at most --loss")
    parser.add_argument("--loss", type=float, default=0.03, help="dB that adaptive exits may cost here")
    parser.add_argument("--write", type=Path, help="model file with the table in it")
    parser.add_argument("--dtype", choices=["fp32", "fp16", "bf16"], default="bf16", help="of the file written")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int)


def run(arguments: Namespace) -> None:
    import torch

    from ..data.photos import PhotoStore
    from ..evaluation.exits import derive
    from ..evaluation.pairs import make_pairs
    from ..evaluation.score import score_tiles
    from ..network.checkpoint import load_model, save_model
    from ..training.setup import chosen_device

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device = chosen_device(arguments.device)
    model = load_model(arguments.model)
    if model.config.classifier_type != "hard_simple":
        raise ValueError(f"{arguments.model.name} has no degradation classifier: nothing would choose among the exits")
    store = PhotoStore.open(arguments.photos, device)
    # Sharp inputs too: the class of the sharpest tiles must be seen.
    sharp_count = round(0.15 * arguments.pairs)
    blurred, sharp = (score_tiles(model, make_pairs(store, count, arguments.seed, arguments.size, sharp_share=share), device,
                                  eight_bit=False)
                      for count, share in ((arguments.pairs - sharp_count, 0.0), (sharp_count, 1.0)))
    scores = blurred + sharp
    gains, tau, table, rows = derive(blurred, sharp, model.config.classes, arguments.tau, arguments.loss)
    counts = [sum(s.label == c for s in scores) for c in range(model.config.classes)]
    accuracy = sum(s.label == s.predicted for s in scores) / len(scores)
    for c, row in enumerate(gains):
        print(f"class {c}  tiles {counts[c]:4}  " + "  ".join("   -   " if g is None else f"{g:+7.3f}" for g in row)
              + f"  exit {table[c]}")
    print(f"classifier accuracy {accuracy:.3f}; tau {tau} dB")
    for row in rows:
        print(f"tau {row['tau']:<6} {row['exit_table']}  {row['psnr']:.3f} dB  D-Rate {row['d_rate']:.1%}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"increments_db": gains, "tau": tau, "exit_table": table, "tiles": counts,
                                              "accuracy": accuracy, "sweep": rows}, indent=1) + "\n")
    if arguments.write:
        config = model.config
        config.exit_table, config.tau = table, tau
        config.increments_db = [[None if g is None else round(g, 4) for g in row] for row in gains]
        save_model(model, arguments.write, arguments.dtype, config)
        print(f"written to {arguments.write}: {arguments.write.stat().st_size / 1e6:.1f} MB")
