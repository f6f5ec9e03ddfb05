#!/usr/bin/env python3
"""Writes the seed corpora of the fuzzing campaigns: seeds.py IMAGES_FOLDER CHECKPOINTS_FOLDER.

Needs Pillow, NumPy and PyTorch. Small files of every kind that the readers know; the campaigns make the hostile ones.
"""
import io
import pickle
import struct
import sys
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

RANDOM = np.random.default_rng(7)


# --- Pictures

def picture(height, width, channels, depth=8):
    """A ramp with some noise, so that every code path of a codec has something to do."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    values = (x * 255 / width + y * 128 / height + 40 * c + RANDOM.integers(0, 20, (height, width, channels))) % 256
    return values.astype(np.uint8) if depth == 8 else (values * 257).astype(np.uint16)


def exif(orientation, order="II"):
    """A TIFF block with orientation, sides, resolutions, an Exif directory and a thumbnail."""
    mark = "<" if order == "II" else ">"
    rational = struct.pack(mark + "II", 72, 1)
    entries = [(0x0100, 4, 1, struct.pack(mark + "I", 24)), (0x0101, 3, 1, struct.pack(mark + "HH", 17, 0)),
               (0x0112, 3, 1, struct.pack(mark + "HH", orientation, 0)), (0x011A, 5, 1, struct.pack(mark + "I", 98)),
               (0x011B, 5, 1, struct.pack(mark + "I", 106)), (0x8769, 4, 1, struct.pack(mark + "I", 114))]
    head = order.encode() + struct.pack(mark + "HI", 42, 8)
    main = struct.pack(mark + "H", len(entries))
    main += b"".join(struct.pack(mark + "HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    main += struct.pack(mark + "I", 144)
    assert len(head) + len(main) == 86
    body = head + main + bytes(12) + rational + rational
    sub = struct.pack(mark + "H", 2) + struct.pack(mark + "HHII", 0xA002, 4, 1, 24)
    sub += struct.pack(mark + "HHII", 0xA003, 4, 1, 17) + struct.pack(mark + "I", 0)
    thumb = struct.pack(mark + "H", 2) + struct.pack(mark + "HHII", 0x0201, 4, 1, 174)
    thumb += struct.pack(mark + "HHII", 0x0202, 4, 1, 8) + struct.pack(mark + "I", 0)
    return body + sub + thumb + b"\xff\xd8thumb\xff\xd9"[:8]


def icc(space=b"RGB "):
    body = bytearray(132)
    body[0:4] = struct.pack(">I", 132)
    body[16:20] = space
    body[36:40] = b"acsp"
    return bytes(body)


XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def jpegs():
    rgb = Image.fromarray(picture(17, 24, 3))
    gray = Image.fromarray(picture(13, 9, 1)[:, :, 0])
    cmyk = Image.fromarray(picture(9, 11, 4), "CMYK")

    def save(image, **options):
        out = io.BytesIO()
        image.save(out, "JPEG", **options)
        return out.getvalue()

    for sampling in (0, 1, 2):
        yield f"baseline-{sampling}", save(rgb, quality=80, subsampling=sampling)
        yield f"progressive-{sampling}", save(rgb, quality=60, subsampling=sampling, progressive=True)
    yield "gray", save(gray, quality=90)
    yield "gray-progressive", save(gray, progressive=True)
    yield "cmyk", save(cmyk)
    yield "cmyk-progressive", save(cmyk, progressive=True)
    yield "optimised", save(rgb, optimize=True, quality=97)
    yield "restart", save(rgb, restart_marker_blocks=1)
    yield "restart-progressive", save(rgb, restart_marker_rows=1, progressive=True)
    yield "profile", save(rgb, icc_profile=icc(), dpi=(300, 300), comment=b"a comment")
    yield "profile-cmyk", save(cmyk, icc_profile=icc(b"CMYK"))
    yield "xmp", save(rgb, xmp=XMP)
    for orientation in range(1, 9):
        block = b"Exif\0\0" + exif(orientation, "II" if orientation % 2 else "MM")
        yield f"exif-{orientation}", save(rgb if orientation % 3 else gray, exif=block, progressive=orientation > 6)
    plain = save(gray)
    app13 = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\0"
    extended = b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + XMP
    extra = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data
                     for marker, data in ((0xED, app13), (0xE1, extended), (0xFE, b"text")))
    yield "segments", plain[:2] + extra + plain[2:]
    yield "garbage-between", plain[:2] + b"\0\xff\xff" + plain[2:] + b"behind the end"
    yield "cut", plain[:len(plain) * 3 // 4]
    profile = b"ICC_PROFILE\0"
    halves = [profile + bytes([part, 2]) + icc()[66 * (part - 1):66 * part] for part in (1, 2)]
    split = b"".join(b"\xff\xe2" + struct.pack(">H", len(data) + 2) + data for data in halves)
    yield "profile-two-parts", plain[:2] + split + plain[2:]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(width, height, depth, colour, interlaced=False, before=(), after=(), split=1, filters=range(5)):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]

    def rows(columns, lines):
        out = b""
        length = (columns * channels * depth + 7) // 8
        for y in range(lines):
            kind = list(filters)[y % len(filters)]
            # Palette indices stay small, whatever the filter: type 0 and values below four.
            data = bytes(RANDOM.integers(0, 256, length, dtype=np.uint8))
            if colour == 3:
                kind, data = 0, bytes(length) if depth < 8 else bytes(v % 4 for v in data)
            out += bytes([kind]) + data
        return out

    if interlaced:
        raw = b""
        for x, y, dx, dy in ADAM7:
            columns, lines = (width - x + dx - 1) // dx, (height - y + dy - 1) // dy
            if columns > 0 and lines > 0:
                raw += rows(columns, lines)
    else:
        raw = rows(width, height)
    packed = zlib.compress(raw)
    size = -(-len(packed) // split)
    data = b"".join(chunk(b"IDAT", packed[i:i + size]) for i in range(0, len(packed), size))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    palette = chunk(b"PLTE", bytes(range(3 * min(1 << depth, 8)))) if colour == 3 else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*c) for c in before if c[0] != b"tRNS")
            + palette + b"".join(chunk(*c) for c in before if c[0] == b"tRNS") + data
            + b"".join(chunk(*c) for c in after) + chunk(b"IEND", b""))


def pngs():
    for colour, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            for interlaced in (False, True):
                yield f"{colour}-{depth}-{'adam7' if interlaced else 'plain'}", png(11, 9, depth, colour, interlaced)
    for colour, depth, data in ((0, 8, b"\0\x10"), (0, 16, b"\1\2"), (2, 8, bytes(6)), (2, 16, bytes(6)),
                                (3, 8, b"\0\x80\xff"), (3, 2, b"\0")):
        for interlaced in (False, True):
            yield f"trns-{colour}-{depth}-{interlaced}", png(7, 6, depth, colour, interlaced, [(b"tRNS", data)])
    meta = [(b"iCCP", b"name\0\0" + zlib.compress(icc())), (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
            (b"tEXt", b"Comment\0text"), (b"zTXt", b"Comment\0\0" + zlib.compress(b"text")),
            (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP), (b"eXIf", exif(6))]
    yield "metadata", png(24, 17, 8, 2, before=meta)
    yield "metadata-behind", png(5, 4, 8, 6, after=meta)
    yield "xmp-packed", png(5, 4, 8, 0, before=[(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0key\0" + zlib.compress(XMP))])
    yield "profile-gray", png(5, 4, 8, 0, before=[(b"iCCP", b"g\0\0" + zlib.compress(icc(b"GRAY")))])
    colour = [(b"gAMA", struct.pack(">I", 45455)), (b"cHRM", bytes(32)), (b"sRGB", b"\0"), (b"cICP", b"\1\x0d\0\1"),
              (b"mDCV", bytes(24)), (b"cLLI", bytes(8)), (b"sBIT", b"\5\5\5"), (b"bKGD", bytes(6)), (b"tIME", bytes(7))]
    yield "colour", png(5, 4, 16, 2, before=colour)
    for orientation in range(2, 9):
        yield f"exif-{orientation}", png(6, 5, 16 if orientation % 2 else 8, (6, 2, 4)[orientation % 3],
                                         orientation % 4 == 0, [(b"eXIf", exif(orientation, "MM"))])
    frame = struct.pack(">IIIIIHHBB", 0, 5, 4, 0, 0, 1, 10, 0, 0)
    yield "apng", png(5, 4, 8, 2, before=[(b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", frame)],
                      after=[(b"fcTL", struct.pack(">I", 1) + frame[4:]),
                             (b"fdAT", struct.pack(">I", 2) + zlib.compress(bytes(4 * 16)))])
    yield "split", png(31, 33, 8, 2, split=7)
    yield "long", png(1, 300, 8, 4)
    yield "wide", png(300, 1, 4, 0)
    yield "unknown", png(3, 3, 8, 0, before=[(b"quIc", b"unknown")], after=[(b"zzZz", b"")])
    whole = png(9, 9, 8, 6)
    yield "cut", whole[:len(whole) - 40]


# --- Model files: the first byte says how the target takes the rest (CheckpointsTarget.swift)

FILE, PICKLE, LEGACY, HEADER = b"\0", b"\1", b"\2", b"\3"


def torch_bytes(value, **options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def models():
    generator = torch.Generator().manual_seed(7)
    number = torch.rand(64, generator=generator)
    state = OrderedDict([("a.weight", number.view(4, 4, 4)), ("a.bias", torch.zeros(64))])
    state._metadata = OrderedDict([("", {"version": 1})])
    kinds = {
        "plain": dict(state), "ordered": state, "params": {"params": state, "params_ema": dict(state)},
        "state-dict": {"state_dict": {"module.a.weight": number}, "epoch": 3, "lr": 0.5, "done": True, "none": None},
        "views": {"t": number.view(8, 8).t(), "s": number.view(8, 8)[2:5, 1::2], "e": number[:0], "o": number[3]},
        "types": {str(t): torch.ones(3).to(t) for t in (
            torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
            torch.uint8, torch.bool)},
        "parameter": {"p": torch.nn.Parameter(number)},
        "optimiser": {"optimizers": [{"param_groups": [{"lr": 0.1}], "state": {0: {"step": 1}}}]},
        "big-number": {"iter": 1 << 70, "params": {"a": number}},
        "list": {"a": [number, (1, 2, 3, 4)]},
    }
    for name, value in kinds.items():
        new = torch_bytes(value)
        yield f"zip-{name}", FILE + new
        yield f"old-{name}", FILE + torch_bytes(value, _use_new_zipfile_serialization=False)
        with zipfile.ZipFile(io.BytesIO(new)) as archive:
            inner = next(archive.read(n) for n in archive.namelist() if n.endswith("data.pkl"))
        yield f"pickle-{name}", PICKLE + inner
    for name in ("plain", "params", "parameter", "views"):
        old = torch_bytes(kinds[name], _use_new_zipfile_serialization=False)
        stream = io.BytesIO(old)
        for _ in range(3):
            pickle.load(stream)
        start = stream.tell()
        # Up to the pickle of the keys, which is the last that begins with PROTO 2.
        end = old.rindex(b"\x80\x02]")
        yield f"legacy-{name}", LEGACY + old[start:end]
    for mode in (PICKLE, LEGACY):
        yield f"two-storages-{mode[0]}", mode + two_storages()
    yield "foreign-global", PICKLE + b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R."
    yield "zip-deflated", FILE + zipped(zipfile.ZIP_DEFLATED)
    yield "zip-stored", FILE + zipped(zipfile.ZIP_STORED)
    yield "zip-64", FILE + zip64()

    header = (b'{"__metadata__":{"format":"pt","caf\\u00e9":"\\ud83d\\ude00"},"a":{"dtype":"F32","shape":[4,8],'
              b'"data_offsets":[0,128]},"b":{"dtype":"F16","shape":[64],"data_offsets":[128,256]}}')
    yield "header", HEADER + header
    for kind, size in (("F64", 32), ("BF16", 128), ("I64", 32), ("I32", 64), ("I16", 128), ("I8", 256), ("U8", 256),
                       ("BOOL", 256)):
        yield f"header-{kind}", HEADER + (
            f'{{"x":{{"dtype":"{kind}","shape":[{size}],"data_offsets":[0,256]}}}}').encode()
    yield "header-scalar", HEADER + (b'{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},'
                                     b'"e":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]},'
                                     b'"r":{"dtype":"F32","shape":[63],"data_offsets":[4,256]}} ')
    yield "safetensors", FILE + struct.pack("<Q", len(header)) + header + bytes(256)
    for name, data in (("html", b"<!DOCTYPE html>"), ("lfs", b"version https://git-lfs.github.com/spec/v1\n"),
                       ("gzip", b"\x1f\x8b\x08"), ("empty", b""), ("pickle4", pickle.dumps({"a": 1}, 4))):
        yield f"other-{name}", FILE + data


def two_storages():
    """A pickle whose tensors lie in the storages "0" and "1" of 64 floats."""
    def tensor(key, shape, strides):
        def tuple_of(values):
            return b"(" + b"".join(b"K" + bytes([v]) for v in values) + b"t"
        text = b"X" + struct.pack("<I", 1) + key
        storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\n" + text + b"X\x03\0\0\0cpuK\x40tQ"
        return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + tuple_of(shape) + tuple_of(strides)
                + b"\x89ccollections\nOrderedDict\n)RtR")
    return (b"\x80\x02}(X\1\0\0\0a" + tensor(b"0", (8, 8), (8, 1)) + b"X\1\0\0\0b" + tensor(b"1", (4, 4), (16, 2))
            + b"u.")


def zipped(method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("m/data.pkl", two_storages())
        archive.writestr("m/data/0", bytes(256))
        archive.writestr("m/data/1", bytes(256))
    return out.getvalue()


def zip64():
    """One member whose sizes and offset, and the directory's, stand in the wide fields."""
    name, data = b"m/data.pkl", b"\x80\x02}."
    local = b"PK\3\4" + bytes(10) + struct.pack("<IIIHH", 0, len(data), len(data), len(name), 0) + name + data
    wide = struct.pack("<HHQQQ", 1, 24, len(data), len(data), 0)
    ones = 0xFFFFFFFF
    entry = (b"PK\1\2" + bytes(12) + struct.pack("<IIIHHHHHII", 0, ones, ones, len(name), len(wide), 0, 0, 0, 0, ones)
             + name + wide)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), len(local))
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(local) + len(entry), 1)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, ones, ones, 0)
    return local + entry + record + locator + end


def main():
    for folder, groups in ((sys.argv[1], (("jpeg", jpegs), ("png", pngs))), (sys.argv[2], (("model", models),))):
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        count = size = 0
        for group, make in groups:
            for name, data in make():
                (target / f"{group}-{name}").write_bytes(data)
                count, size = count + 1, size + len(data)
        print(f"{count} seeds, {size} bytes, in {target}")


if __name__ == "__main__":
    main()
