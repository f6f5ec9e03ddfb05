#!/usr/bin/env python3
"""`make bench`: times the default model and the published sizes on this machine; one JSON file and one Markdown table.

    python3 Tests/benchmarks/run.py [--out .build/bench] [--repetitions 5] [--cases default,nafnet]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = {
    "default": [],
    "nafnet": ["--arch", "nafnet", "--width", "64", "--decoders", "4"],
    "ufpnet": ["--arch", "ufpnet", "--width", "64", "--decoders", "4"],
}


def runs(names: list[str], cores: int) -> list[tuple[str, list[str]]]:
    """What is measured: every core on one tile, one core alone, and as many tiles as cores side by side."""
    all_cores = ["--threads", str(cores)]
    chosen = []
    for name in names:
        model = MODELS[name]
        chosen += [(name, [*model, *all_cores]), (name, [*model, *all_cores, "--precision", "bf16"])]
        if name != "ufpnet":
            chosen += [(name, [*model, "--threads", "1"]), (name, [*model, *all_cores, "--at-once", str(cores)])]
    return chosen


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def row(r: dict) -> str:
    share = f"{100 * r['peak_share']:.0f} %" if "peak_share" in r else ""
    gflops = f"{r['gflops']:.0f}" if "gflops" in r else ""
    return (f"| {r['model']} | {r['precision']} | {r['kernels']} | {r['threads']} | {r['tiles_at_once']} "
            f"| {r['seconds_per_tile']:.3f} | {r['tiles_per_second']:.3f} | {gflops} | {share} "
            f"| {r['peak_memory_bytes'] >> 20} |")


def layers(r: dict) -> list[str]:
    """The roofline of one run: what each kind of layer reaches, and what it could."""
    lines = ["", f"{r['model']}, {r['precision']}, {r['threads']} threads: peak {r['peak_gflops']:.0f} GFLOP/s, memory "
             f"{r['bytes_per_second'] * 1e-9:.0f} GB/s", "",
             "| layer | ms | share | GFLOP | GFLOP/s | MB moved | FLOP per byte | roof, GFLOP/s | bound by |",
             "|---|---|---|---|---|---|---|---|---|"]
    for stage in r["stages"]:
        if stage["kind"] != "layer":
            continue
        gflop, moved = stage.get("gflop"), stage.get("bytes")
        cells = [stage["name"], f"{1e3 * stage['seconds']:.1f}", f"{100 * stage['share']:.1f} %",
                 f"{gflop:.2f}" if gflop else "", f"{stage['gflops']:.0f}" if gflop else "",
                 f"{moved / 1e6:.0f}" if moved else "", f"{gflop * 1e9 / moved:.0f}" if gflop and moved else "",
                 f"{stage['roof_gflops']:.0f}" if "roof_gflops" in stage else "", stage.get("bound", "")]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deblur", type=Path, default=ROOT / ".build/release/deblur")
    parser.add_argument("--out", type=Path, default=ROOT / ".build/bench")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--cases", default=",".join(MODELS))
    arguments = parser.parse_args()
    names, cores = arguments.cases.split(","), len(os.sched_getaffinity(0))
    if unknown := set(names) - set(MODELS):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(MODELS)}")
    results = []
    for name, options in runs(names, cores):
        command = [arguments.deblur, "bench", *options, "--repetitions", str(arguments.repetitions), "--json", "-"]
        result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        results.append({"case": name, "command": "deblur " + " ".join(map(str, command[1:-2])), **result})
        print(row(results[-1]), file=sys.stderr)
    lines = [f"{processor()}, {cores} cores; medians of {arguments.repetitions}", "",
             "| model | precision | kernels | threads | tiles at once | s per tile | tiles/s | GFLOP/s | of peak | peak MiB |",
             "|---|---|---|---|---|---|---|---|---|---|", *map(row, results)]
    for result in results:
        if result["threads"] == cores and result["tiles_at_once"] == 1 and result["precision"] == "fp32":
            lines += layers(result)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "bench.json").write_text(json.dumps({"processor": processor(), "runs": results}, indent=2) + "\n")
    (arguments.out / "bench.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
