"""Every kind of JPEG and PNG that the formats allow, small, against Pillow's pixels: strength 0 leaves them as they are.

What Pillow cannot read in full (16 bit in colour) is compared with the samples that were written. With jpegtran
(Debian: libjpeg-turbo-progs) also successive approximation and arithmetic coding.
"""

import io
import random
import shutil
import subprocess
import sys

import jpeg
import png
from rig import Image, Tally, command, distance, pillow, post, service, tiff

# Luma and chroma: what the names in the field mean, and combinations that have none.
SAMPLINGS = {
    "4:4:4": [(1, 1)] * 3,
    "4:2:2": [(2, 1), (1, 1), (1, 1)],
    "4:2:0": [(2, 2), (1, 1), (1, 1)],
    "4:4:0": [(1, 2), (1, 1), (1, 1)],
    "4:1:1": [(4, 1), (1, 1), (1, 1)],
    "4:1:0": [(4, 2), (1, 1), (1, 1)],
    "4:4:1": [(1, 4), (1, 1), (1, 1)],
    "2x4": [(2, 4), (1, 1), (1, 1)],
    "3x1": [(3, 1), (1, 1), (1, 1)],
    "1x3": [(1, 3), (1, 1), (1, 1)],
    "3x2": [(3, 2), (1, 1), (1, 1)],
    "4x4, one by one": [(4, 4), (1, 1), (1, 1)],
    "chroma 2x1 and 1x2": [(2, 2), (2, 1), (1, 2)],
    "4:2:2 in twice the factors": [(2, 2), (1, 2), (1, 2)],
    "4:4:4 in twice the factors": [(2, 2), (2, 2), (2, 2)],
    "chroma finer than luma": [(1, 1), (2, 2), (2, 2)],
}
SIZES = [(64, 48), (61, 45), (1, 1), (9, 33)]


def profile(size):
    head = bytearray(random.Random(size).randbytes(size))
    head[0:4], head[16:20], head[36:40] = size.to_bytes(4, "big"), b"RGB ", b"acsp"
    return bytes(head)


def can_interleave(factors):
    return sum(h * v for h, v in factors) <= 10


def jpegtran(data, *options):
    return subprocess.run(["jpegtran", "-copy", "all", *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def sampled():
    for name, factors in SAMPLINGS.items():
        for seed, (width, height) in enumerate(SIZES):
            picture = jpeg.Picture(width, height, factors, seed=seed)
            forms = {"one by one": lambda **more: picture.sequential(interleaved=False, **more)}
            if can_interleave(factors):
                forms = {"sequential": picture.sequential, **forms, "progressive": picture.progressive}
            for form, make in forms.items():
                for restart in (0, 1, 3):
                    yield f"JPEG {form}", f"{name} {width}x{height} restart {restart}", make(restart=restart)
            if can_interleave(factors) and shutil.which("jpegtran"):
                data = picture.sequential()
                yield "JPEG arithmetic", f"{name} {width}x{height}", jpegtran(data, "-arithmetic")
                yield "JPEG refined", f"{name} {width}x{height}", jpegtran(data, "-progressive")
                both = jpegtran(data, "-progressive", "-arithmetic", "-restart", "2B")
                yield "JPEG arithmetic", f"{name} {width}x{height} refined, restart 2", both


def coloured():
    """Gray, RGB without YCbCr, CMYK and YCCK, with and without Adobe's marker."""
    for width, height in SIZES:
        size = f"{width}x{height}"
        for factors in ([(1, 1)], [(2, 2)], [(3, 1)]):
            gray = jpeg.Picture(width, height, factors)
            yield "JPEG gray", f"{size} {factors}", gray.sequential()
            yield "JPEG gray", f"{size} {factors} progressive", gray.progressive(restart=2)
        three = jpeg.Picture(width, height, [(1, 1)] * 3)
        yield "JPEG RGB", f"{size} by Adobe's marker", three.sequential([jpeg.adobe(0)])
        named = jpeg.Picture(width, height, [(1, 1)] * 3, names=b"RGB")
        yield "JPEG RGB", f"{size} by its names", named.sequential([])
        yield "JPEG RGB", f"{size} unknown Adobe code", three.sequential([jpeg.adobe(9)])
        yield "JPEG RGB", f"{size} no marker", three.sequential([])
        for factors in ([(1, 1)] * 4, [(2, 2), (1, 1), (1, 1), (2, 2)], [(2, 1), (1, 1), (1, 1), (2, 1)]):
            four = jpeg.Picture(width, height, factors)
            for marker, segments in (
                ("no marker", []), ("CMYK", [jpeg.adobe(0)]), ("YCCK", [jpeg.adobe(2)]), ("code 1", [jpeg.adobe(1)])
            ):
                form = {"sequential": four.sequential, "progressive": four.progressive}
                for name, make in form.items():
                    yield "JPEG CMYK and YCCK", f"{size} {factors[0]} {marker} {name}", make(segments)


def by_pillow():
    """What Pillow itself writes, of each mode and sampling."""
    source = random.Random(7)
    picture = Image.frombytes("RGB", (70, 50), source.randbytes(70 * 50 * 3)).resize((61, 43), Image.Resampling.BICUBIC)
    for mode in ("L", "RGB", "CMYK"):
        for progressive in (False, True):
            for sampling in (0, 1, 2) if mode == "RGB" else (0,):
                for quality in (20, 92, 100):
                    out = io.BytesIO()
                    picture.convert(mode).save(
                        out, "JPEG", quality=quality, subsampling=sampling, progressive=progressive, optimize=True
                    )
                    yield "JPEG by Pillow", f"{mode} {sampling} {quality} {progressive}", out.getvalue()


def turned():
    """EXIF of both byte orders, all orientations."""
    picture = jpeg.Picture(61, 45, SAMPLINGS["4:2:2"])
    wide = jpeg.Picture(40, 24, [(1, 1)])
    plain = png.Picture(23, 17, 2, 8)
    for orientation in range(1, 9):
        for little in (True, False):
            name = f"orientation {orientation} {'II' if little else 'MM'}"
            block = tiff(orientation, little, b"text")
            segment = jpeg.segment(0xE1, b"Exif\0\0" + block)
            yield "EXIF in JPEG", name, picture.sequential([jpeg.JFIF, segment])
            yield "EXIF in JPEG", name + " gray, progressive", wide.progressive([segment])
            yield "EXIF in PNG", name, plain.file(chunks=[png.chunk(b"eXIf", block)])
            yield "EXIF in PNG", name + " interlaced", plain.file(True, True, [png.chunk(b"eXIf", block)])


def surrounded():
    """Profiles in one to three segments, bytes behind the end, and no end."""
    picture = jpeg.Picture(61, 45, SAMPLINGS["4:2:0"])
    for size in (588, 3000, 150_000):
        for parts in (1, 2, 3):
            if size / parts < 65519:
                segments = [jpeg.JFIF, *jpeg.icc(profile(size), parts)]
                yield "ICC", f"{size} bytes in {parts}", picture.sequential(segments)
    source = random.Random(3)
    for name, trailer in {
        "zeros": bytes(500), "noise": source.randbytes(4000), "a second picture": picture.sequential(),
        "a marker": b"\xff\xe1\x12\x34SEFH", "half an end": b"\xff", "text": b"SEFHj\0\0\0SEFT", "nothing": b"",
    }.items():
        yield "JPEG and trailing bytes", name, picture.sequential(end=jpeg.EOI + trailer)
        # Pillow loses rows where a trailer looks like a marker: the same picture with its end is what it is asked for.
        for make in (picture.sequential, picture.progressive):
            yield "JPEG without its end", f"{name} {make.__name__}", make(end=trailer), make()
        yield "PNG and trailing bytes", name, png.Picture(31, 9, 2, 8).file(end=png.chunk(b"IEND", b"") + trailer)
    yield "PNG and trailing bytes", "no end chunk", png.Picture(31, 9, 2, 8).file(end=b"")


def pngs():
    """(group, name, file, samples): every type, depth, interlacing and tRNS."""
    for kind, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            for width, height in ((31, 21), (1, 1), (5, 3), (8, 8)):
                picture = png.Picture(width, height, kind, depth)
                for interlaced in (False, True):
                    for transparent in (False, True) if kind in (0, 2, 3) else (False,):
                        name = f"type {kind} {width}x{height} Adam7 {interlaced} tRNS {transparent}"
                        data = picture.file(interlaced, transparent)
                        yield f"PNG {depth} bit", name, data, picture.expected(transparent)


def check(port, data):
    answer = post(port, data, "format=png")
    if answer.status != 200:
        return f"{answer.status} {answer.body[:200]}", None
    return None, png.read(answer.body)


def compare(made, data, reference=None):
    """reference: a file for Pillow to read instead, or the samples that were written; then Pillow has to agree too."""
    if not isinstance(reference, list):
        return verdict(made, pillow(reference or data))
    width, height, depth, count, rows = made
    if rows != reference:
        return "other samples than were written"
    if b"tRNS" in data:
        return None  # Pillow takes the colour of less or more than 8 bit for one of 8 bit, or leaves it out.
    other = pillow(data)
    if depth == 16 and count > 1:
        rows = [[value >> 8 for value in row] for row in rows]
        if count == 2:  # Pillow makes colour of it
            count, rows = 4, [[row[x // 4 * 2 + (x % 4 == 3)] for x in range(4 * width)] for row in rows]
    return verdict((width, height, other[2], count, rows), other)


def verdict(made, reference):
    far = distance(made, reference)
    if far is None:
        return f"{made[:4]}, Pillow has {reference[:4]}"
    return f"differs by up to {far}" if far else None


def main():
    tally = Tally()
    served = service()
    rows = [row for make in (sampled, coloured, by_pillow, turned, surrounded, pngs) for row in make()]
    for group, name, data, *reference in rows:
        fault, made = check(served.port, data)
        tally.note(group, name, fault or compare(made, data, *reference))
    # The command line takes the same way; one of each group.
    seen = set()
    for group, name, data, *reference in rows:
        if group not in seen:
            seen.add(group)
            status, made, said = command(data, "png" if data[:4] == b"\x89PNG" else "jpg", "png")
            fault = f"exit {status}: {said}" if status else compare(png.read(made), data, *reference)
            tally.note("through the command line", f"{group}: {name}", fault)
    status = tally.close()
    if not shutil.which("jpegtran"):
        print("skipped: arithmetic coding and successive approximation: jpegtran is missing (libjpeg-turbo-progs)")
        return status or 77
    return status


if __name__ == "__main__":
    sys.exit(main())
