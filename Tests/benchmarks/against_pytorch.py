#!/usr/bin/env python3
"""Times the engine against PyTorch on the same weights, the same tile, in one run, turn by turn, and compares outputs.

    python Tests/benchmarks/against_pytorch.py nafnet            # AdaRevD-B on NAFNet, width 64, K = 4, random weights
    python Tests/benchmarks/against_pytorch.py ufpnet --rounds 5
    python Tests/benchmarks/against_pytorch.py photo             # the default model, a 1280×720 JPEG, whole processes

Needs a release build and the packages of Training/requirements.txt. PyTorch runs the network of Training/, eager and (with
--compile) through torch.compile, with as many threads as the engine. Each contender does one tile that does not count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Training"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from deblur_training.network import AdaRevD, ModelConfig  # noqa: E402
from deblur_training.network.checkpoint import load_model, save_pth  # noqa: E402

DEBLUR = ROOT / ".build/release/deblur"
TILE = 384


def drawn(width: int, height: int, seed: int = 7) -> np.ndarray:
    """A picture with something at every scale: smooth noise of several octaves and some discs. (height, width, 3) bytes."""
    generator = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3))
    for octave in range(2, 9):
        noise = generator.normal(size=((height >> octave) + 2, (width >> octave) + 2, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(noise[..., channel]).resize((width, height), Image.BICUBIC)
            picture[..., channel] += np.asarray(layer) * 2.0 ** (octave - 8)
    y, x = np.mgrid[:height, :width]
    for _ in range(40):
        cy, cx, radius = generator.uniform(0, height), generator.uniform(0, width), generator.uniform(4, 60)
        picture[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] += generator.normal(size=3)
    return np.clip(128 + 48 * picture, 0, 255).astype(np.uint8)


def random_model(encoder: str, width: int, decoders: int) -> AdaRevD:
    """Every branch is heard (zero factors of a fresh network would leave nothing to compare), and the change of the picture
    is small enough for the engine's guard against wild tiles."""
    torch.manual_seed(1)
    model = AdaRevD(ModelConfig(encoder=encoder, width=width, encoder_blocks=[1, 1, 1, 28], sub_decoders=decoders))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith((".beta", ".gamma")) and not name.startswith("encoder.flow"):
                parameter.uniform_(-0.3, 0.3)
            elif name.startswith("outputs.") and name.endswith("weight"):
                parameter.normal_(std=1e-3)
    return model.eval()


def full_depth(model: AdaRevD, tile: torch.Tensor) -> torch.Tensor:
    """What the engine's benchmark does for a tile: encoder, classifier, every sub-decoder, the last head."""
    features = model.features(tile)
    model.logits(features)
    state = model.first_state(features)
    for sub_decoder in model.subdenets:
        state = sub_decoder(features[4], state)
    return tile + model.outputs[-1](state[3])


def seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def engine_tile(model: Path, precision: str, threads: int) -> float:
    command = [DEBLUR, "bench", "--model", model, "--precision", precision, "--threads", str(threads),
               "--repetitions", "1", "--json", "-"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["seconds_per_tile"]


def engine_output(model: Path, picture: Path, exit: int, precision: str, folder: Path) -> np.ndarray:
    out = folder / "engine.npy"
    subprocess.run([DEBLUR, "image", "--quiet", "--model", model, "--exit", str(exit), "--precision", precision, picture,
                    out], check=True)
    return np.load(out)


def errors(off: np.ndarray, expected: np.ndarray, pixels: np.ndarray) -> dict:
    """Against what the network changes at all."""
    return {"largest": float(np.abs(off).max()), "rms": float(np.sqrt((off**2).mean())),
            "residual_deviation": float((expected - pixels / np.float32(255)).std())}


def tiles(arguments, folder: Path) -> dict:
    encoder = {"nafnet": "NAFNet", "ufpnet": "UFPNet"}[arguments.case]
    model = random_model(encoder, arguments.width, arguments.decoders)
    file, picture = folder / "model.pth", folder / "tile.png"
    save_pth(model, file)
    pixels = drawn(TILE, TILE)
    Image.fromarray(pixels).save(picture)
    tile = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255

    contenders = {"PyTorch eager": lambda: full_depth(model, tile)}
    if arguments.compile:
        compiled = torch.compile(lambda x: full_depth(model, x))
        contenders["torch.compile"] = lambda: compiled(tile)
    result: dict = {"case": f"AdaRevD, {encoder} encoder, width {arguments.width}, {arguments.decoders} sub-decoders",
                    "unit": f"seconds per {TILE}×{TILE} tile at full depth", "times": {}, "error": {}}
    with torch.inference_mode():
        reference = {name: work() for name, work in contenders.items()}["PyTorch eager"]
        times = {name: [] for name in contenders} | {f"deblur {p}": [] for p in arguments.precisions}
        for _ in range(arguments.rounds):
            for name, work in contenders.items():
                times[name].append(seconds(work))
            for precision in arguments.precisions:
                times[f"deblur {precision}"].append(engine_tile(file, precision, arguments.threads))
    expected = reference[0].permute(1, 2, 0).numpy()
    for precision in arguments.precisions:
        off = engine_output(file, picture, arguments.decoders, precision, folder) - expected
        result["error"][f"deblur {precision}"] = errors(off, expected, pixels)
    result["times"] = times
    return result


def photo(arguments, folder: Path) -> dict:
    """Whole processes: decode, tiles, network, blending, encode. PyTorch's start (imports, reading the model) is also given
    apart, because a service would pay it once."""
    source = folder / "photo.jpg"
    Image.fromarray(drawn(1280, 720)).save(source, quality=92)
    model = arguments.model
    deepest = load_model(model).config.sub_decoders
    peer = [sys.executable, __file__, "peer", "--model", str(model), "--threads", str(arguments.threads),
            "--picture", str(source), "--out", str(folder / "peer")]
    times: dict = {"PyTorch eager, whole process": [], "PyTorch eager, without its start": [], "deblur fp32": []}
    for round in range(arguments.rounds + 1):
        start = time.perf_counter()
        inner = float(subprocess.run(peer, check=True, capture_output=True, text=True).stdout)
        whole = time.perf_counter() - start
        ours = seconds(lambda: subprocess.run(
            [DEBLUR, "image", "--quiet", "--model", model, "--exit", str(deepest), "--threads", str(arguments.threads), source,
             folder / "ours.jpg"], check=True))
        if round:
            for name, value in zip(times, (whole, inner, ours)):
                times[name].append(value)
    expected = np.load(folder / "peer.npy")
    off = engine_output(model, source, deepest, "fp32", folder) - expected
    drawn_pixels = np.asarray(Image.open(source))
    return {"case": f"{model.name}, a 1280×720 JPEG to JPEG, every tile at full depth", "unit": "seconds",
            "times": times, "error": {"deblur fp32": errors(off, expected, drawn_pixels)}}


def peer(arguments) -> None:
    """The photo through PyTorch; prints the seconds from decoding to the written file."""
    from deblur_training.network.inference import ExitRule, restore, to_bytes

    model = load_model(arguments.model)
    start = time.perf_counter()
    pixels = torch.from_numpy(np.asarray(Image.open(arguments.picture).convert("RGB")).copy())
    image = pixels.permute(2, 0, 1).float() / 255
    with torch.inference_mode():
        restored = restore(model, image, ExitRule(fixed=model.config.sub_decoders)).image
    Image.fromarray(to_bytes(restored).permute(1, 2, 0).numpy()).save(f"{arguments.out}.jpg", quality=92)
    print(time.perf_counter() - start)
    np.save(f"{arguments.out}.npy", restored.permute(1, 2, 0).numpy())


def table(result: dict) -> str:
    """Markdown: median, lowest and highest of each contender, and how many times as long as the engine in fp32 it took."""
    ours = statistics.median(result["times"]["deblur fp32"])
    lines = [f"{result['case']}; {result['unit']}, {result['threads']} threads", "",
             "| | median | lowest | highest | times deblur fp32 |", "|---|---|---|---|---|"]
    for name, values in result["times"].items():
        middle = statistics.median(values)
        lines.append(f"| {name} | {middle:.3f} | {min(values):.3f} | {max(values):.3f} | {middle / ours:.2f} |")
    lines += ["", *(f"Output of {name} against PyTorch: " + ", ".join(f"{k.replace('_', ' ')} {v:.2e}" for k, v in e.items())
                    for name, e in result["error"].items())]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=["nafnet", "ufpnet", "photo", "peer"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--decoders", type=int, default=4)
    parser.add_argument("--compile", action="store_true", help="torch.compile too (minutes of compiling first)")
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--model", type=Path, help="for photo (default: the one in Models/)")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.case == "peer":
        return peer(arguments)
    if arguments.model is None:
        arguments.model = next((ROOT / "Models").glob("*.safetensors"))
    with tempfile.TemporaryDirectory() as folder:
        result = (photo if arguments.case == "photo" else tiles)(arguments, Path(folder))
    result |= {"threads": arguments.threads, "torch": torch.__version__, "rounds": arguments.rounds}
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(table(result))
    # What rounding explains; more means that the two compute different things.
    off = result["error"]["deblur fp32"]
    if off["largest"] > 1e-3 * off["residual_deviation"]:
        sys.exit("the outputs differ")


if __name__ == "__main__":
    main()
