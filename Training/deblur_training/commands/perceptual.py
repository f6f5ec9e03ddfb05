"""LPIPS and NIQE of restored pictures: what PSNR and SSIM do not see. By well-kept packages that are installed only by who
asks for them; this module finds the pictures and prints the table.

LPIPS (lower is nearer to the sharp picture) comes from torchmetrics, with the features of torchvision's AlexNet. NIQE (lower
is more natural; needs no sharp picture) comes from pyiqa, whose licence is for noncommercial use. Neither package ships the
weights of its features: they are fetched on first use, or put beforehand where `WEIGHTS` says.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from ..evaluation.pairs import read_image

Metric = Callable[[Tensor, Tensor | None], float]

ENDINGS = {".jpg", ".jpeg", ".jpe", ".jfif", ".png"}
# What only tells blurred from sharp in the data sets' layouts, as `deblur eval` knows them.
SIDES = {"blur", "blurry", "blurred", "blur_gamma", "input", "sharp", "gt", "groundtruth", "ground_truth", "target"}
PREFIXES = ("blur_", "blurry_", "gt_", "sharp_")
EXTRAS = {"lpips": "perceptual", "niqe": "niqe"}
WEIGHTS = {
    "lpips": "alexnet-owt-7be5be79.pth of torchvision in $TORCH_HOME/hub/checkpoints (default ~/.cache/torch)",
    "niqe": "niqe_modelparameters.mat of pyiqa in $TORCH_HOME/hub/pyiqa (default ~/.cache/torch)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", type=Path, required=True, help="restored pictures, as `deblur eval --save` keeps them")
    parser.add_argument("--sharp", type=Path, help="the sharp ones, for LPIPS; a folder with the same names")
    parser.add_argument("--metrics", default="lpips,niqe", help="of lpips, niqe")
    parser.add_argument("--json", type=Path, help="write the figures of every picture")
    parser.add_argument("--csv", type=Path, help="the same, a line per picture")


def run(arguments: argparse.Namespace) -> int:
    names = [name.strip() for name in arguments.metrics.split(",") if name.strip()]
    unknown = sorted(set(names) - set(EXTRAS))
    if unknown or not names:
        raise ValueError(f"--metrics: lpips and niqe are known, not {', '.join(unknown) or 'nothing'}")
    for output in (arguments.json, arguments.csv):
        if output is not None and not output.absolute().parent.is_dir():
            raise ValueError(f"there is no folder {output.parent}")
    if "lpips" in names and arguments.sharp is None:
        raise ValueError("LPIPS compares with sharp pictures: --sharp is missing")
    pictures = pair(arguments.results, arguments.sharp)
    metrics = {name: load(name) for name in names}
    rows = [{"name": name} | {m: compute(read_image(result), read_image(sharp) if sharp else None)
                              for m, compute in metrics.items()} for name, result, sharp in pictures]
    found = {"images": rows, "mean": {m: statistics.fmean(row[m] for row in rows) for m in names},
             "standard_deviation": {m: statistics.stdev(row[m] for row in rows) if len(rows) > 1 else None for m in names}}
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["name", *names], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    print(as_markdown(found, names))
    return 0


def pictures(folder: Path) -> dict[str, Path]:
    """By the path below the folder, without extension and what only tells the side; hidden files are none."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.suffix.lower() not in ENDINGS or any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue
        stem = relative.stem
        prefix = next((p for p in PREFIXES if stem.lower().startswith(p)), "")
        parts = [part for part in relative.parts[:-1] if part.lower() not in SIDES]
        found.setdefault("/".join([*parts, stem[len(prefix):]]), path)
    if not found:
        raise ValueError(f"there is no JPEG or PNG in {folder}")
    return found


def pair(results: Path, sharp: Path | None) -> list[tuple[str, Path, Path | None]]:
    found = pictures(results)
    truths = pictures(sharp) if sharp else {}
    missing = [name for name in found if sharp and name not in truths]
    if missing:
        raise ValueError(f"{len(missing)} of {len(found)} results have no sharp picture: {', '.join(missing[:5])}")
    return [(name, path, truths.get(name)) for name, path in found.items()]


def load(name: str) -> Metric:
    """A metric of [3, h, w] pictures, 0…1."""
    try:
        return {"lpips": load_lpips, "niqe": load_niqe}[name]()
    except (ImportError, RuntimeError) as error:
        # torchvision for another build of torch (GPU beside CPU) fails with a RuntimeError as it is imported.
        raise ValueError(f"{name} needs its packages, each for the build of torch that is installed: "
                         f"pip install 'deblur-training[{EXTRAS[name]}]' ({error})") from error
    except OSError as error:
        raise ValueError(f"the weights of {name} are not here and cannot be fetched: put {WEIGHTS[name]} ({error})") from error


def load_lpips() -> Metric:
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    metric = LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True).eval()

    def compute(result: Tensor, sharp: Tensor | None) -> float:
        if sharp is None or result.shape != sharp.shape:
            raise ValueError(f"a result of {list(result.shape)} has a sharp picture of {list(sharp.shape) if sharp is not None else None}")
        metric.reset()
        return float(metric(result[None], sharp[None]))

    return compute


def load_niqe() -> Metric:
    import pyiqa

    metric = pyiqa.create_metric("niqe")
    return lambda result, _: float(metric(result[None]))


def as_markdown(found: dict, names: list[str]) -> str:
    lines = ["| image | " + " | ".join(name.upper() for name in names) + " |", "|---|" + "---:|" * len(names)]
    for row in found["images"]:
        lines.append(f"| {row['name']} | " + " | ".join(f"{row[m]:.4f}" for m in names) + " |")
    for label, key in (("mean", "mean"), ("standard deviation", "standard_deviation")):
        values = (found[key][m] for m in names)
        lines.append(f"| {label} | " + " | ".join("-" if v is None else f"{v:.4f}" for v in values) + " |")
    return "\n".join(lines)
