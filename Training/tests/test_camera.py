"""The camera that a blurred picture and its truth pass through."""

import math

import pytest
import torch
from test_data import CLEAN, store  # noqa: F401 (a fixture)

from deblur_training.data.blur import BlurMaker, BlurOptions
from deblur_training.data.camera import demosaiced, mosaic, sharpened, softened

CAMERA = {name: 1.0 for name in ("soft", "enlarged", "display", "bayer", "halos", "video")}


def noise(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def test_softness_keeps_the_mean_and_has_its_width():
    dot = torch.zeros(1, 1, 31, 31)
    dot[..., 15, 15] = 1
    along, across = torch.tensor([1.5]), torch.tensor([0.8])
    spread = softened(dot, along, across, torch.zeros(1))[0, 0]
    assert float(spread.sum()) == pytest.approx(1, abs=1e-5)
    at = torch.arange(31) - 15.0
    # The direction is that of x at angle 0; cut off at five pixels, a Gaussian loses little of its deviation.
    assert math.sqrt(float((spread.sum(0) * at**2).sum())) == pytest.approx(1.5, rel=0.02)
    assert math.sqrt(float((spread.sum(1) * at**2).sum())) == pytest.approx(0.8, rel=0.02)


def test_each_sample_has_its_own_softness_and_colours_do_not_mix():
    image = noise(2, 3, 24, 24)
    angle = torch.zeros(2)
    both = softened(image, torch.tensor([0.5, 1.4]), torch.tensor([0.5, 1.4]), angle)
    for i, sigma in enumerate((0.5, 1.4)):
        alone = softened(image[i:i + 1, 1:2], *[torch.tensor([sigma])] * 2, angle[:1])
        assert torch.allclose(both[i:i + 1, 1:2], alone, atol=1e-6)


def test_sharpening_undoes_some_softness_and_leaves_flat_places():
    step = torch.zeros(1, 1, 16, 32)
    step[..., 16:] = 0.5
    crisp = sharpened(step, torch.tensor([1.0]), torch.tensor([0.5]))
    assert crisp.max() > 0.52 and crisp.min() < -0.02
    assert torch.allclose(crisp[..., :8], step[..., :8], atol=1e-6)


def test_a_mosaic_holds_one_colour_a_pixel():
    image = noise(1, 3, 8, 8)
    raw = mosaic(image)
    assert torch.equal(raw[0, 0, 0::2, 0::2], image[0, 0, 0::2, 0::2])
    assert torch.equal(raw[0, 0, 1::2, 1::2], image[0, 2, 1::2, 1::2])
    assert torch.equal(raw[0, 0, 0::2, 1::2], image[0, 1, 0::2, 1::2])


def test_demosaicing_keeps_what_is_known_and_is_exact_on_planes():
    image = noise(2, 3, 16, 16)
    restored = demosaiced(mosaic(image))
    assert torch.equal(mosaic(restored), mosaic(image))
    # A linear ramp of grey is what every one of the filters reproduces, away from the mirrored border.
    y, x = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    ramp = (0.2 + 0.01 * x + 0.005 * y).expand(1, 3, 24, 24)
    inner = (..., slice(2, -2), slice(2, -2))
    assert torch.allclose(demosaiced(mosaic(ramp))[inner], ramp[inner], atol=1e-5)


def test_a_sharp_input_through_a_camera_is_its_own_truth(store):
    blurred, sharp = BlurMaker(store, 1, BlurOptions(**CLEAN | CAMERA | {"sharp": 1.0, "noise": 1.0})).batch(8, 64)
    assert torch.equal(blurred, sharp)


@pytest.mark.parametrize("name", CAMERA)
def test_a_camera_changes_the_truth_too(store, name):
    """Each of its parts alone: the same crop is another truth, in whole levels. Averaged as displayed, only the blur changes."""
    plain, through = (BlurMaker(store, 2, BlurOptions(**CLEAN | o)) for o in ({}, {name: 1.0}))
    photo = torch.zeros(4, dtype=torch.long)
    (blurred, sharp), (other, truth) = plain.batch(4, 64, photo), through.batch(4, 64, photo)
    assert not torch.equal(other, blurred)
    assert (truth * 255 - (truth * 255).round()).abs().max() < 1e-3
    if name != "display":
        assert not torch.equal(truth, sharp)


def test_the_truth_loses_detail_to_soft_optics(store):
    detail = lambda x: float(x.diff(dim=-1).square().mean())
    crisp, soft = (BlurMaker(store, 3, BlurOptions(**CLEAN | o)).batch(8, 64)[1] for o in ({}, {"soft": 1.0}))
    assert detail(soft) < detail(crisp)
