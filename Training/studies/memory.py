"""Peak training memory against the number of sub-decoders, reversible and not (the shape of the paper's Table 3).

    python studies/memory.py --csv memory.csv [--width 16 --patch 128 --batch 4 --decoders 1,2,4,8]

On CUDA: the allocator's peak. On the CPU: the peak resident size of a process of its own for each row, over what it had
before the step.
"""

import argparse
import csv
import resource
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def one_step(width: int, decoders: int, patch: int, batch: int, reversible: bool) -> float:
    """MiB."""
    import torch

    from deblur_training.network import AdaRevD, ModelConfig
    from deblur_training.training.loss import restoration_loss

    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    if not cuda:
        torch.set_num_threads(1)
    model = AdaRevD(ModelConfig(width, [1, 1, 1, 4], decoders, classifier_type=None)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), foreach=True)
    blurred = torch.rand(batch, 3, patch, patch, device=device)
    small = torch.rand(1, 3, 32, 32, device=device)

    def step(image):
        restoration_loss(model.residuals(model.features(image), reversible), image, image * 0, 0.01).backward()
        optimizer.step()

    step(small)  # gradients, moments and libraries are there before the measurement
    if cuda:
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step(blurred)
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step(blurred)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--decoders", default="1,2,4,8")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = (arguments.patch, arguments.batch)
    if arguments.one:
        decoders, reversible = map(int, arguments.one.split(","))
        print(one_step(arguments.width, decoders, *sizes, bool(reversible)))
        return
    rows = []
    for decoders in map(int, arguments.decoders.split(",")):
        row = {"sub_decoders": decoders}
        for name, reversible in (("plain_mib", 0), ("reversible_mib", 1)):
            command = [sys.executable, __file__, "--one", f"{decoders},{reversible}", "--width", str(arguments.width),
                       "--patch", str(arguments.patch), "--batch", str(arguments.batch)]
            row[name] = round(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        rows.append(row)
        print(row, flush=True)
    first, last = rows[0], rows[-1]
    more = last["sub_decoders"] - first["sub_decoders"]
    growth = {n: (last[n] - first[n]) / more for n in ("plain_mib", "reversible_mib")}
    print(f"per further sub-decoder: {growth['plain_mib']:.0f} MiB plain, {growth['reversible_mib']:.0f} MiB reversible")
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
