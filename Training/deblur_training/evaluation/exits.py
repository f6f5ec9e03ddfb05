"""O_c^j and the exit table (Eq. 12 and 13), and what a table gives on scored tiles."""

from __future__ import annotations

from dataclasses import dataclass

from .score import TileScores


def increments(scores: list[TileScores], classes: int) -> list[list[float | None]]:
    """Per class, hardest first: the mean gain in dB of sub-decoder 1 over the blurred input, then of each over the one
    before; null for a class without a tile."""
    k = len(scores[0].psnr) - 1
    table: list[list[float | None]] = []
    for c in range(classes):
        own = [s.psnr for s in scores if s.label == c]
        table.append([sum(p[j] - p[j - 1] for p in own) / len(own) if own else None for j in range(1, k + 1)])
    return table


def exit_table(gains: list[list[float | None]], tau: float) -> list[int]:
    """E_c = (smallest j with O_c^j < τ) − 1, or K; K too for a class never seen."""
    return [next((j for j, gain in enumerate(row) if gain is not None and gain < tau), len(row)) for row in gains]


@dataclass
class Outcome:
    psnr: float  # mean of what each tile's exit gives
    d_rate: float  # sub-decoder runs over K · tiles
    worse: float  # share of tiles more than 0.3 dB below their input
    worst: float  # dB of the worst tile against its input


def outcome(scores: list[TileScores], table: list[int] | int) -> Outcome:
    """With a table, by the predicted class; with a number, that depth for all."""
    k = len(scores[0].psnr) - 1
    exits = [table if isinstance(table, int) else table[s.predicted] for s in scores]
    gained = [s.psnr[e] - s.psnr[0] for s, e in zip(scores, exits)]
    return Outcome(sum(s.psnr[e] for s, e in zip(scores, exits)) / len(scores), sum(exits) / (k * len(scores)),
                   sum(g < -0.3 for g in gained) / len(gained), min(gained))


SWEEP = [0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5]


def sweep(scores: list[TileScores], gains: list[list[float | None]], taus: list[float] = SWEEP) -> list[dict]:
    """Table 6: what each τ gives."""
    rows = []
    for tau in taus:
        table = exit_table(gains, tau)
        o = outcome(scores, table)
        rows.append({"tau": tau, "exit_table": table, "psnr": o.psnr, "d_rate": o.d_rate})
    return rows


def derive(blurred: list[TileScores], sharp: list[TileScores], classes: int, tau: float | None, loss_db: float):
    """(O_c^j, τ, exit table, sweep). Increments come from all tiles, but a τ is judged by the blurred ones: an input that
    is its own truth has endless PSNR as it came, and a few of them would hide what a lean table takes from the others."""
    gains = increments(blurred + sharp, classes)
    tau = pick_tau(blurred, gains, loss_db) if tau is None else tau
    return gains, tau, exit_table(gains, tau), sweep(blurred, gains)


def pick_tau(scores: list[TileScores], gains: list[list[float | None]], loss_db: float = 0.05,
             most: float = 0.85) -> float:
    """The τ that runs least among those within `loss_db` of the full depth; if that still exceeds the D-Rate `most`, the
    one that loses least among those below it."""
    full = outcome(scores, len(scores[0].psnr) - 1).psnr
    rows = sweep(scores, gains)
    close = [r for r in rows if r["psnr"] >= full - loss_db]
    if close and min(r["d_rate"] for r in close) <= most:
        return min(close, key=lambda r: (r["d_rate"], r["tau"]))["tau"]
    lean = [r for r in rows if r["d_rate"] <= most]
    return max(lean or rows, key=lambda r: r["psnr"])["tau"]
