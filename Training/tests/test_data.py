"""Blur made from photographs: seeds, ranges, sharp inputs, and the parts one by one."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_training.data.blur import BlurMaker, BlurOptions, to_linear, to_srgb
from deblur_training.data.jpeg import jpeg
from deblur_training.data.motion import camera_motion, exposed, warped
from deblur_training.data.photos import PhotoStore, pack_photos
from deblur_training.data.text import render_text_masks

CLEAN = dict(sharp=0, objects=0, defocus=0, highlights=0, text=0, noise=0, jpeg=0, downscale=0)


def picture(height, width, seed):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def store():
    photos = [picture(200, 260, 1), picture(240, 180, 2), picture(150, 150, 3)]
    return PhotoStore(photos, render_text_masks(4, 0), ["a.jpg", "b.jpg", "c.jpg"], torch.device("cpu"))


def test_a_seed_means_the_same_pairs(store):
    one, same, other = (BlurMaker(store, seed) for seed in (3, 3, 4))
    for _ in range(2):
        a, b, c = one.batch(6, 64), same.batch(6, 64), other.batch(6, 64)
        assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])
        assert not torch.equal(a[0], c[0])


def test_the_state_of_a_maker_can_be_kept(store):
    maker = BlurMaker(store, 8)
    maker.batch(4, 48)
    kept = maker.state()
    expected = maker.batch(4, 48)
    fresh = BlurMaker(store, 99)
    fresh.restore(kept)
    assert all(torch.equal(a, b) for a, b in zip(fresh.batch(4, 48), expected))


def test_values_are_whole_levels_in_range(store):
    for images in BlurMaker(store, 5).batch(12, 64):
        assert images.shape == (12, 3, 64, 64)
        assert images.min() >= 0 and images.max() <= 1
        levels = images * 255
        assert (levels - levels.round()).abs().max() < 1e-3


def test_a_sharp_input_is_its_own_truth(store):
    maker = BlurMaker(store, 1, BlurOptions(**CLEAN | {"sharp": 1.0}))
    blurred, sharp = maker.batch(8, 64)
    assert (blurred - sharp).abs().max() < 1e-6


def test_other_tones_are_those_of_both_pictures(store):
    options = CLEAN | {"sharp": 1.0}
    blurred, sharp = BlurMaker(store, 1, BlurOptions(**options | {"tones": 1.0})).batch(8, 64)
    assert torch.equal(blurred, sharp)  # a sharp input stays its own truth
    # Every photograph changes, each in its own way, and none becomes a blank.
    first = [BlurMaker(store, 2, BlurOptions(**options | {"tones": t})) for t in (0.0, 1.0)]
    photo = torch.zeros(8, dtype=torch.long)
    before, after = (maker._source(8, 160, photo) for maker in first)
    assert all(not torch.allclose(b, a, atol=0.02) for b, a in zip(before, after))
    assert len({round(float(a.mean()), 3) for a in after}) == 8 and after.std(dim=(2, 3)).amax(dim=1).min() > 0.01


def test_motion_blurs_and_stronger_motion_blurs_more(store):
    def level(length):
        maker = BlurMaker(store, 2, BlurOptions(**CLEAN | {"shortest": length, "longest": length}))
        blurred, sharp = maker.batch(24, 64)
        return float((blurred - sharp).square().mean())
    assert 0 < level(2) < level(8) < level(30)


def test_blur_keeps_the_mean_light(store):
    maker = BlurMaker(store, 2, BlurOptions(**CLEAN | {"shortest": 4, "longest": 6}))
    blurred, sharp = maker.batch(24, 128)
    assert abs(float(to_linear(blurred).mean() / to_linear(sharp).mean()) - 1) < 0.02


def test_every_degradation_alone(store):
    for name in ("objects", "defocus", "highlights", "noise", "jpeg"):
        options = CLEAN | {"shortest": 0, "longest": 8, "skew": 1, name: 1.0}
        blurred, sharp = BlurMaker(store, 4, BlurOptions(**options)).batch(4, 64)
        assert blurred.isfinite().all() and not torch.equal(blurred, sharp), name


def test_light_above_white_is_not_asked_back():
    """A bright even wall stays what a sharp exposure of it would be: no brightness shift to learn."""
    wall = PhotoStore([np.full((200, 200, 3), 248, np.uint8)], [], ["wall.jpg"], torch.device("cpu"))
    options = CLEAN | {"shortest": 5, "longest": 20, "highlights": 1.0}
    blurred, sharp = BlurMaker(wall, 6, BlurOptions(**options)).batch(4, 64)
    assert (blurred - sharp).abs().max() <= 1.01 / 255 and sharp.max() > 248 / 255


def test_identity_gives_exact_pixels():
    image = torch.rand(2, 3, 80, 80, generator=torch.Generator().manual_seed(0))
    assert (warped(image, torch.eye(3).expand(2, 3, 3), 48) - image[..., 16:64, 16:64]).abs().max() < 1e-5


def test_a_shift_moves_by_whole_pixels():
    image = torch.rand(1, 3, 80, 80, generator=torch.Generator().manual_seed(0))
    h = torch.eye(3)[None].clone()
    h[0, 0, 2], h[0, 1, 2] = 3, -2
    assert (warped(image, h, 48) - image[..., 14:62, 19:67]).abs().max() < 1e-4


def test_camera_paths_have_their_length_and_no_mean():
    lengths = torch.tensor([2.0, 10.0, 40.0])
    motion = camera_motion(lengths, 64, torch.Generator().manual_seed(3))
    seen = motion.homographies[:, :, :2, 2] / motion.homographies[:, :, 2:, 2]
    assert seen.mean(1).abs().max() < 0.2
    path = seen.diff(dim=1).square().sum(-1).sqrt().sum(1)
    # Roll and zoom about a distant centre add to it.
    assert (path > 0.8 * lengths).all() and (path < 3 * lengths).all()


def test_a_moving_subject_covers_what_is_behind():
    light = torch.zeros(1, 3, 64, 64)
    subject, mask = torch.ones(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    mask[..., 24:40, 24:40] = 1
    still = torch.eye(3).expand(1, 5, 3, 3)
    seen = exposed(light, still, 32, subject, mask, still)
    assert torch.allclose(seen, mask[..., 16:48, 16:48].expand(1, 3, 32, 32), atol=1e-5)


@pytest.mark.parametrize("quality, subsampled", [(95, False), (75, False), (60, True)])
def test_jpeg_loses_what_libjpeg_loses(quality, subsampled):
    pixels = picture(96, 128, 9)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=2 if subsampled else 0)
    theirs = torch.from_numpy(np.array(Image.open(buffer))).permute(2, 0, 1).float() / 255
    source = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    ours = jpeg(source, torch.tensor([float(quality)]), subsampled)[0]
    error = lambda a, b: float((a - b).square().mean().sqrt())
    # Coefficients near the middle between two steps fall either way in integer arithmetic; the loss as a whole agrees.
    assert error(ours, source[0]) == pytest.approx(error(theirs, source[0]), rel=0.02)
    assert error(ours, theirs) < 0.45 * error(theirs, source[0])


def test_srgb_and_back():
    x = torch.linspace(0, 1, 256)
    assert (to_srgb(to_linear(x)) - x).abs().max() < 1e-5
    assert math.isclose(float(to_linear(torch.tensor(0.5))), 0.21404, abs_tol=1e-4)


def test_crops_turn_and_mirror(store):
    one = torch.tensor([0])
    plain = store.crops(one, torch.tensor([10]), torch.tensor([20]), 64, one)[0]
    turned = {t: store.crops(one, torch.tensor([10]), torch.tensor([20]), 64, torch.tensor([t]))[0] for t in range(8)}
    assert torch.equal(turned[1], plain.flip(1)) and torch.equal(turned[2], plain.flip(2))
    assert torch.equal(turned[4], plain.transpose(1, 2))
    assert len({t.numpy().tobytes() for t in turned.values()}) == 8
    beyond = store.crops(one, torch.tensor([-5]), torch.tensor([0]), 64, one)[0]
    assert torch.equal(beyond[:, 5 - 3], beyond[:, 5 + 3])


def test_packing_keeps_names_and_pixels(tmp_path):
    for i in range(3):
        Image.fromarray(picture(160, 200, i)).save(tmp_path / f"{i}.jpg", quality=98)
    np.savez(tmp_path / "pack.npz", **pack_photos(tmp_path, 10_000_000, text_masks=2))
    packed, loose = PhotoStore.open(tmp_path / "pack.npz"), PhotoStore.open(tmp_path)
    assert packed.names == loose.names == ["0.jpg", "1.jpg", "2.jpg"]
    assert torch.equal(packed.pixels, loose.pixels) and packed.texts.shape == (2, 1, 256, 256)
    full = sum(p.stat().st_size for p in tmp_path.glob("*.jpg"))
    tight = pack_photos(tmp_path, int(full * 0.75) + 100_000, text_masks=0)
    assert tight["photos"].nbytes <= full * 0.75 and int(tight["quality"]) < 98
    with pytest.raises(ValueError, match="do not fit"):
        pack_photos(tmp_path, 100_500, text_masks=0)
