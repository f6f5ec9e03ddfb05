"""What the scripts share: the service and the command line with strength 0, Pillow's pixels, and a tally."""

import io
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/deploy"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import PROGRAM, Service, request, work_folder  # noqa: E402, F401

try:
    from PIL import Image, ImageFile, ImageOps
except ImportError:
    print("skipped: Pillow is missing (Tests/photos/run installs it)")
    sys.exit(77)

# As browsers do: what of a picture is there is shown.
ImageFile.LOAD_TRUNCATED_IMAGES = True
# Strength 0 leaves every sample as it came; the shallowest exit is the quickest way there.
UNCHANGED = "strength=0&exit=1"


def service(*options):
    return Service(work_folder(), "service", "--log-level", "warning", *options)


def post(port, data, query=""):
    path = f"/deblur?{UNCHANGED}" + (f"&{query}" if query else "")
    return request(port, "POST", path, data, {"Content-Type": "application/octet-stream"})


UNCHANGED_HERE = ["--strength", "0", "--exit", "1"]


def command(data, source, target):
    """What `deblur image` makes of a file: (exit status, bytes or None, what it said)."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / f"given.{source}", Path(folder) / f"made.{target}"
        given.write_bytes(data)
        ran = subprocess.run(
            [PROGRAM, "image", "--quiet", *UNCHANGED_HERE, given, made], capture_output=True, text=True
        )
        return ran.returncode, made.read_bytes() if made.exists() else None, ran.stderr


def command_on_folder(files):
    """What it makes of a folder of files, by their names; of those that it refuses nothing."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "given", Path(folder) / "made"
        given.mkdir()
        for name, data in files.items():
            (given / name).write_bytes(data)
        subprocess.run(
            [PROGRAM, "image", "--quiet", "--keep-going", *UNCHANGED_HERE, given, made], stderr=subprocess.DEVNULL
        )
        return {path.name: path.read_bytes() for path in made.iterdir()}


def pillow(data):
    """(width, height, bits, samples per pixel, rows) as Pillow decodes it, upright, ink on white, tRNS as alpha."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    transparent = "transparency" in image.info
    if image.mode == "I;16":
        values = struct.unpack(f"<{image.width * image.height}H", image.tobytes())
        return *image.size, 16, 1, cut(values, image.width)
    if image.mode == "1":
        image = image.convert("L")
    modes = {"L": "LA" if transparent else "L", "P": "RGBA" if transparent else "RGB", "CMYK": "RGB"}
    mode = modes.get(image.mode, "RGBA" if transparent and image.mode == "RGB" else image.mode)
    image = image.convert(mode)
    count = len(image.getbands())
    return *image.size, 8, count, cut(image.tobytes(), image.width * count)


def cut(values, length):
    return [list(values[start : start + length]) for start in range(0, len(values), length)]


def distance(one, other):
    """The largest difference of two pictures' samples; None when their shapes differ."""
    if one[:4] != other[:4]:
        return None
    return max(abs(a - b) for x, y in zip(one[4], other[4]) for a, b in zip(x, y))


def tiff(orientation, little, text=b""):
    """A TIFF structure with an orientation and a text: what EXIF is (TIFF 6.0, 2)."""
    order = "<" if little else ">"
    out = (b"II" if little else b"MM") + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", 2)
    out += struct.pack(order + "HHII", 0x010E, 2, len(text), 38)
    out += struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return out + struct.pack(order + "I", 0) + text


class Tally:
    """Groups of checks; the closing line is what CI counts."""

    def __init__(self):
        self.groups, self.failures = {}, []

    def note(self, group, name, fault):
        """fault: None, or what is wrong."""
        good, bad = self.groups.get(group, (0, 0))
        self.groups[group] = (good + (fault is None), bad + (fault is not None))
        if fault is not None:
            self.failures.append(f"{group}: {name}: {fault}")
            print(f"FAULT {group}: {name}: {fault}")

    def close(self):
        for group, (good, bad) in self.groups.items():
            print(f"{group:<44} {good:>4} right {bad:>4} wrong")
        passed = sum(good for good, _ in self.groups.values())
        print(f"{passed} passed, {len(self.failures)} failed")
        return 1 if self.failures else 0
