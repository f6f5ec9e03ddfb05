#!/usr/bin/env python3
"""Draws the pictures of this folder: make.py, then commit what changed.

Needs Pillow (pip install pillow) and cjpeg, jpegtran (Debian: libjpeg-turbo-progs); the tests need neither. The card is
a formula that Tests/ImagesTests/Card.swift repeats, so no reference pixels are stored.
"""
import io
import pathlib
import struct
import subprocess
import zlib

from PIL import Image

HERE = pathlib.Path(__file__).parent
W, H = 48, 32


def rgb(x, y):
    return 5 * x, 7 * y, 255 - 2 * x - 3 * y


def gray(x, y):
    return 10 + 2 * x + 3 * y


def wide(x, y, c):
    """16 bit, with low bytes that matter."""
    return (rgb(x, y)[c] * 257 + 31 * x + 17 * y + 7 * c) % 65536


def alpha(x, y):
    return 0 if x < 8 else 255 if x >= 40 else 8 * (x - 8)


def card(mode="RGB"):
    image = Image.new("RGB" if mode == "CMYK" else mode, (W, H))
    image.putdata([gray(x, y) if mode == "L" else rgb(x, y) for y in range(H) for x in range(W)])
    return image.convert(mode)


# What has to be done to the upright card so that the orientation's own turn brings it back.
T = Image.Transpose
STORED = {1: None, 2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE, 6: T.ROTATE_90,
          7: T.TRANSVERSE, 8: T.ROTATE_270}


def stored(orientation):
    return card() if orientation == 1 else card().transpose(STORED[orientation])


def exif(orientation, width, height, little):
    """IFD0 with Exif and GPS directories, and a thumbnail behind it."""
    e = "<" if little else ">"
    thumb = io.BytesIO()
    card().resize((12, 8)).save(thumb, "JPEG", quality=50)
    thumb = thumb.getvalue()
    out = bytearray(b"II" if little else b"MM") + struct.pack(e + "HI", 42, 8)

    def entry(tag, kind, count, value):
        if kind == 3:
            packed = struct.pack(e + "H", value) + b"\0\0"
        else:
            packed = value if isinstance(value, bytes) else struct.pack(e + "I", value)
        return struct.pack(e + "HHI", tag, kind, count) + packed

    # Offsets: IFD0 8 (7 entries), Exif 98 (3), GPS 140 (2), values 170.., IFD1 and the thumbnail last.
    values = 170
    date = b"2024:05:06 07:08:09\0"
    x_res, y_res = values, values + 8
    date_at, lat_at = values + 16, values + 36
    ifd1 = lat_at + 24
    thumb_at = ifd1 + 2 + 24 + 4
    out += struct.pack(e + "H", 7)
    out += entry(0x0100, 4, 1, width) + entry(0x0101, 4, 1, height) + entry(0x0112, 3, 1, orientation)
    out += entry(0x011A, 5, 1, x_res) + entry(0x011B, 5, 1, y_res)
    out += entry(0x8769, 4, 1, 98) + entry(0x8825, 4, 1, 140) + struct.pack(e + "I", ifd1)
    assert len(out) == 98
    out += struct.pack(e + "H", 3) + entry(0x9003, 2, 20, date_at)
    out += entry(0xA002, 3, 1, width) + entry(0xA003, 3, 1, height) + struct.pack(e + "I", 0)
    assert len(out) == 140
    out += struct.pack(e + "H", 2) + entry(1, 2, 2, b"N\0\0\0") + entry(2, 5, 3, lat_at) + struct.pack(e + "I", 0)
    assert len(out) == 170
    out += struct.pack(e + "IIII", 300, 1, 150, 1) + date + struct.pack(e + "IIIIII", 52, 1, 31, 1, 12, 1)
    assert len(out) == ifd1
    out += struct.pack(e + "H", 2) + entry(0x0201, 4, 1, thumb_at) + entry(0x0202, 4, 1, len(thumb))
    out += struct.pack(e + "I", 0)
    return bytes(out) + thumb


def profile(space=b"RGB "):
    body = struct.pack(">I", 1) + b"desc" + struct.pack(">II", 144, 20) + b"desc" + b"\0" * 16
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ ") + b"\0" * 12
    return (head + b"acsp").ljust(128, b"\0") + body


XMP = (b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
       b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
       b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>')


def segment(marker, payload):
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_segments(jpeg, *segments):
    """Behind SOI and JFIF."""
    end = 4 + struct.unpack(">H", jpeg[4:6])[0]
    return jpeg[:end] + b"".join(segments) + jpeg[end:]


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 95, "subsampling": 0, **options})
    return out.getvalue()


def chunk(kind, payload):
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(kind, depth, pixel, chunks=(), interlaced=False, width=W, height=H):
    """pixel(x, y) gives the samples of a pixel."""
    def rows(x0, y0, dx, dy):
        out = b""
        for y in range(y0, height, dy):
            samples = [s for x in range(x0, width, dx) for s in pixel(x, y)]
            if not samples:
                return out
            if depth == 16:
                row = struct.pack(f">{len(samples)}H", *samples)
            else:
                bits = "".join(format(s, f"0{depth}b") for s in samples)
                row = int(bits.ljust((len(bits) + 7) // 8 * 8, "0"), 2).to_bytes((len(bits) + 7) // 8, "big")
            out += b"\0" + row
        return out

    data = b"".join(rows(*p) for p in PASSES) if interlaced else rows(0, 0, 1, 1)
    packed = zlib.compress(data, 9)
    half = len(packed) // 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
            + b"".join(chunk(*c) for c in chunks) + chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
            + chunk(b"IEND", b""))


def tool(command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def main():
    files = {}
    for o in range(1, 9):
        image = stored(o)
        block = exif(o, *image.size, little=o % 2 == 1)
        files[f"orientation-{o}.jpg"] = with_segments(
            jpeg(image, dpi=(300, 150)), segment(0xE1, b"Exif\0\0" + block),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP % o))
        pixels = image.load()
        files[f"orientation-{o}.png"] = png(
            2, 8, lambda x, y: pixels[x, y], [(b"eXIf", block), (b"pHYs", struct.pack(">IIB", 11811, 5906, 1))],
            width=image.size[0], height=image.size[1])
    base = card()
    files["gray.jpg"] = jpeg(card("L"))
    files["cmyk.jpg"] = with_segments(jpeg(card("CMYK")), segment(0xE2, b"ICC_PROFILE\0\1\1" + profile(b"CMYK")))
    files["progressive.jpg"] = jpeg(base, progressive=True)
    files["422.jpg"] = jpeg(base, subsampling=1, quality=80)
    files["420.jpg"] = jpeg(base, subsampling=2, quality=60)
    ppm = io.BytesIO()
    base.save(ppm, "PPM")
    files["440.jpg"] = tool(["cjpeg", "-quality", "95", "-sample", "1x2"], ppm.getvalue())
    files["411.jpg"] = tool(["cjpeg", "-quality", "95", "-sample", "4x1"], ppm.getvalue())
    files["rgb.jpg"] = tool(["cjpeg", "-quality", "95", "-rgb"], ppm.getvalue())
    files["arithmetic.jpg"] = tool(["jpegtran", "-arithmetic"], files["420.jpg"])
    files["restart.jpg"] = tool(["jpegtran", "-restart", "1"], files["420.jpg"])
    # The profile in two parts that come in the wrong order.
    half = profile()[:70], profile()[70:]
    files["metadata.jpg"] = with_segments(
        jpeg(base), segment(0xE2, b"ICC_PROFILE\0\2\2" + half[1]), segment(0xE2, b"ICC_PROFILE\0\1\2" + half[0]),
        segment(0xE1, b"Exif\0\0" + exif(1, W, H, True)), segment(0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\0\0\0\0"),
        segment(0xE2, b"MPF\0II*\0"), segment(0xFE, b"a comment"))

    for depth in (1, 2, 4, 8, 16):
        top = (1 << depth) - 1
        files[f"gray-{depth}.png"] = png(
            0, depth, (lambda x, y: [wide(x, y, 0)]) if depth == 16 else (lambda x, y: [gray(x, y) & top]))
    files["gray-alpha-8.png"] = png(4, 8, lambda x, y: [gray(x, y), alpha(x, y)])
    files["gray-alpha-16.png"] = png(4, 16, lambda x, y: [wide(x, y, 0), alpha(x, y) * 257])
    files["gray-trns.png"] = png(0, 8, lambda x, y: [gray(x, y)], [(b"tRNS", struct.pack(">H", gray(3, 4)))])
    files["rgb-8.png"] = png(2, 8, rgb)
    files["rgb-16.png"] = png(2, 16, lambda x, y: [wide(x, y, c) for c in range(3)])
    files["rgb-trns.png"] = png(2, 8, rgb, [(b"tRNS", struct.pack(">HHH", *rgb(3, 4)))])
    files["rgba-8.png"] = png(6, 8, lambda x, y: [*rgb(x, y), alpha(x, y)])
    files["rgba-16.png"] = png(6, 16, lambda x, y: [*(wide(x, y, c) for c in range(3)), alpha(x, y) * 257])
    palette = b"".join(bytes([i * 16, 255 - i * 16, i]) for i in range(16))
    for name, extra in (("palette-4.png", []), ("palette-4-trns.png", [(b"tRNS", bytes([0, 128]))])):
        files[name] = png(3, 4, lambda x, y: [(x + y) % 16], [(b"PLTE", palette), *extra])
    for name, kind, depth, pixel in (
            ("interlaced-rgb-8.png", 2, 8, rgb), ("interlaced-gray-1.png", 0, 1, lambda x, y: [gray(x, y) & 1]),
            ("interlaced-rgba-16.png", 6, 16, lambda x, y: [*(wide(x, y, c) for c in range(3)), alpha(x, y) * 257])):
        files[name] = png(kind, depth, pixel, interlaced=True)
    files["metadata.png"] = png(
        2, 8, rgb,
        [(b"gAMA", struct.pack(">I", 45455)), (b"sRGB", b"\0"), (b"iCCP", b"x\0\0" + zlib.compress(profile())),
         (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)), (b"eXIf", exif(1, W, H, False)),
         (b"tEXt", b"Author\0nobody"), (b"zTXt", b"Note\0\0" + zlib.compress(b"some text")),
         (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP % 1)), (b"tIME", b"\x07\xe8\1\1\0\0\0")])

    for old in [*HERE.glob("*.jpg"), *HERE.glob("*.png")]:
        old.unlink()
    for name, data in files.items():
        (HERE / name).write_bytes(data)
    print(len(files), "files,", sum(map(len, files.values())), "bytes")


main()
