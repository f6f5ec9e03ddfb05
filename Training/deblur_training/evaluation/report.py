"""The numbers a model is judged by."""

from __future__ import annotations

import torch
from torch import Tensor

from ..network import AdaRevD
from ..network.inference import ExitRule, restore
from .exits import outcome
from .pairs import Pair
from .score import psnr, score_tiles


def report(model: AdaRevD, pairs: list[Pair], device: torch.device) -> dict:
    config, k = model.config, model.config.sub_decoders
    scores = score_tiles(model, pairs, device)
    depths = [outcome(scores, depth) for depth in range(k + 1)]
    found = {
        "model": config.name, "pairs": len(pairs),
        "psnr_by_depth": [round(o.psnr, 4) for o in depths],
        "gain": round(depths[k].psnr - depths[0].psnr, 4),
        "worse_by_0.3_db": depths[k].worse, "worst_tile_db": round(depths[k].worst, 3),
        "sharp_input_db_by_depth": sharp_fidelity(model, pairs, device)}
    if config.classifier_type == "hard_simple" and config.exit_table:
        o = outcome(scores, config.exit_table)
        found |= {
            "exit_table": config.exit_table, "adaptive_psnr": round(o.psnr, 4), "d_rate": round(o.d_rate, 4),
            "adaptive_worse_by_0.3_db": o.worse, "adaptive_worst_tile_db": round(o.worst, 3),
            "classifier_accuracy": sum(s.label == s.predicted for s in scores) / len(scores),
            "adaptive_sharp_input": adaptive_sharp(model, pairs, device)}
    found["classes"] = class_table(scores, config.classes)
    return found


def class_table(scores, classes: int) -> list[dict]:
    rows = []
    for c in range(classes):
        own = [s.psnr for s in scores if s.label == c]
        if own:
            rows.append({"class": c, "tiles": len(own),
                         "psnr_by_depth": [round(sum(p[j] for p in own) / len(own), 3) for j in range(len(own[0]))]})
    return rows


def sharp_fidelity(model: AdaRevD, pairs: list[Pair], device: torch.device) -> list[float]:
    """Sharp pictures as input: mean PSNR of each depth's output against that input."""
    same = [Pair(p.name, p.sharp, p.sharp) for p in pairs]
    scores = score_tiles(model, same, device)
    return [round(sum(s.psnr[j] for s in scores) / len(scores), 3) for j in range(1, model.config.sub_decoders + 1)]


@torch.no_grad()
def adaptive_sharp(model: AdaRevD, pairs: list[Pair], device: torch.device) -> dict:
    """The same with adaptive exits: the lowest and mean PSNR (100 = unchanged), and the share left as it came."""
    rule, values, left = ExitRule(table=model.config.exit_table), [], 0
    for pair in pairs:
        done = restore(model, pair.sharp.to(device), rule)
        left += all(t.exit == 0 for t in done.tiles)
        values.append(float(psnr(done.image.cpu(), pair.sharp)))
    return {"lowest_db": round(min(values), 3), "mean_db": round(sum(values) / len(values), 3),
            "left_as_it_came": left / len(pairs)}


@torch.no_grad()
def contact_rows(model: AdaRevD, pairs: list[Pair], device: torch.device, count: int = 8) -> list[list[Tensor]]:
    """Blurred, restored at full depth, sharp: pairs spread over the set."""
    chosen = pairs[::max(1, len(pairs) // count)][:count]
    rule = ExitRule(fixed=model.config.sub_decoders)
    return [[p.blurred, restore(model, p.blurred.to(device), rule).image.cpu(), p.sharp] for p in chosen]


def as_markdown(found: dict) -> str:
    lines = [f"{found['model']}: {found['pairs']} pairs", "", "| depth | PSNR | gain |", "|---|---|---|"]
    first = found["psnr_by_depth"][0]
    for depth, value in enumerate(found["psnr_by_depth"]):
        lines.append(f"| {depth or 'blurred'} | {value:.3f} | {value - first:+.3f} |")
    if "adaptive_psnr" in found:
        lines.append(f"| adaptive {found['exit_table']} | {found['adaptive_psnr']:.3f} "
                     f"| {found['adaptive_psnr'] - first:+.3f} |")
    lines += ["", f"- tiles worse than their input by over 0.3 dB: {found['worse_by_0.3_db']:.1%} at full depth; "
              f"worst {found['worst_tile_db']:+.2f} dB",
              f"- sharp input, PSNR against it by depth: {found['sharp_input_db_by_depth']}"]
    if "adaptive_psnr" in found:
        sharp = found["adaptive_sharp_input"]
        lines += [f"- adaptive: D-Rate {found['d_rate']:.1%}, worse by over 0.3 dB {found['adaptive_worse_by_0.3_db']:.1%}, "
                  f"worst {found['adaptive_worst_tile_db']:+.2f} dB, classifier {found['classifier_accuracy']:.1%}",
                  f"- adaptive on sharp input: mean {sharp['mean_db']:.1f} dB, lowest {sharp['lowest_db']:.1f} dB, "
                  f"left as it came {sharp['left_as_it_came']:.0%}"]
    lines += ["", "| class | tiles | PSNR by depth |", "|---|---|---|"]
    lines += [f"| {row['class']} | {row['tiles']} | {row['psnr_by_depth']} |" for row in found["classes"]]
    return "\n".join(lines) + "\n"
