"""Plots what `deblur-train calibrate --json` measured: PSNR against D-Rate over the sweep of τ (Table 6), and O_c^j (Fig. 5).

    python studies/tau.py calibration.json tau.png        # needs matplotlib
"""

import json
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def main(source: str, target: str) -> None:
    with open(source) as file:
        found = json.load(file)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.5))
    left.plot([100 * r["d_rate"] for r in found["sweep"]], [r["psnr"] for r in found["sweep"]], marker="o")
    for row in found["sweep"]:
        left.annotate(row["tau"], (100 * row["d_rate"], row["psnr"]), fontsize=7)
    left.set(xlabel="D-Rate, %", ylabel="PSNR, dB", title="adaptive exits at each τ")
    for c, row in enumerate(found["increments_db"]):
        if row[0] is not None:
            right.plot(range(1, len(row) + 1), row, marker="o", label=f"class {c}")
    right.set(xlabel="sub-decoder", ylabel="gain, dB", title="mean gain per class")
    right.set_yscale("symlog", linthresh=0.05)
    right.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(target, dpi=130)


if __name__ == "__main__":
    main(*sys.argv[1:])
