"""A contact sheet of public-domain samples (scikit-image's): blurred, restored by the engine's rule, sharp.

    python studies/samples.py MODEL FOLDER sheet.jpg      # FOLDER: where astronaut.png, coffee.png and the others lie
    python studies/samples.py MODEL                       # where scikit-image is installed; writes samples.jpg

Each is blurred by the training's own code: camera shake of the length in SAMPLES, noise and JPEG as they fall.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from PIL import Image

from deblur_training.data.blur import BlurMaker, BlurOptions
from deblur_training.data.photos import PhotoStore
from deblur_training.evaluation.score import psnr
from deblur_training.evaluation.sheet import write_sheet
from deblur_training.network.checkpoint import load_model
from deblur_training.network.inference import ExitRule, restore

# File, where what is shown lies (share of the height and width that is left), path of the shake in pixels.
SAMPLES = [("astronaut.png", 0.1, 0.45, 6), ("coffee.png", 0.5, 0.5, 8), ("chelsea.png", 0.3, 0.35, 10),
           ("rocket.jpg", 0.4, 0.5, 14)]
SIDE, SHOWN = 272, 240  # pixels of what is restored, and of its middle that is shown


class Upright(BlurMaker):
    """Takes one place of the photograph as it is, where training takes any in any orientation."""

    place = (0.5, 0.5)

    def _source(self, count, side, photo):
        top, left = (((length - SIDE) * share).long() - (side - SIDE) // 2
                     for length, share in zip((self.store.heights, self.store.widths), self.place))
        return self.store.crops(photo, top, left, side, torch.zeros_like(photo))


def main(model_file: str, folder: str | None = None, target: str = "samples.jpg") -> None:
    if folder is None:
        import skimage
        folder = Path(skimage.__file__).parent / "data"
    model = load_model(model_file)
    rule = ExitRule(table=model.config.exit_table)
    rows = []
    for seed, (name, top, left, length) in enumerate(SAMPLES):
        photo = np.array(Image.open(Path(folder) / name).convert("RGB"))
        options = BlurOptions(sharp=0, shortest=length, longest=length, objects=0, defocus=0, highlights=0)
        maker = Upright(PhotoStore([photo], [], [name], torch.device("cpu")), seed, options)
        maker.place = (top, left)
        blurred, sharp = (t[0] for t in maker.batch(1, SIDE, torch.tensor([0])))
        done = restore(model, blurred, rule)
        before, after = (float(psnr(image, sharp)) for image in (blurred, done.image))
        print(f"{name}: path of {length} pixels, {before:.2f} dB to {after:.2f} dB, exits {[t.exit for t in done.tiles]}")
        edge = (SIDE - SHOWN) // 2
        rows.append([t[:, edge:-edge, edge:-edge] for t in (blurred, done.image, sharp)])
    write_sheet(rows, Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
