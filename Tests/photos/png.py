"""PNG files of every type, with known samples, and a reader that gives all 16 bits (Pillow's gives 8 of colour)."""

import random
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: first column, first row, steps (PNG 8.2).
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, payload):
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


class Picture:
    """Random samples: `rows[y][x]` is a tuple of them; of a palette the index."""

    def __init__(self, width, height, kind, depth, seed=1):
        self.width, self.height, self.kind, self.depth = width, height, kind, depth
        source = random.Random(f"{seed} {width} {height} {kind} {depth}")
        top = (1 << depth) - 1
        self.palette = [tuple(source.randrange(256) for _ in range(3)) for _ in range(1 << depth)] if kind == 3 else []
        self.rows = [
            [tuple(source.randint(0, top) for _ in range(SAMPLES[kind])) for _ in range(width)] for _ in range(height)
        ]

    def transparency(self):
        """tRNS: the colour of the first pixel, or a few entries of the palette (PNG 11.3.1.1)."""
        if self.kind == 3:
            return bytes([0, 128, 200][: len(self.palette)])
        return struct.pack(f">{SAMPLES[self.kind]}H", *self.rows[0][0])

    def file(self, interlaced=False, transparent=False, chunks=(), end=None):
        extra = [chunk(b"PLTE", bytes(v for entry in self.palette for v in entry))] if self.kind == 3 else []
        if transparent:
            extra.append(chunk(b"tRNS", self.transparency()))
        packed = zlib.compress(self.data(interlaced))
        half = len(packed) // 2
        header = struct.pack(">IIBBBBB", self.width, self.height, self.depth, self.kind, 0, 0, interlaced)
        return (
            SIGNATURE + chunk(b"IHDR", header) + b"".join(chunks) + b"".join(extra) + chunk(b"IDAT", packed[:half])
            + chunk(b"IDAT", packed[half:]) + (chunk(b"IEND", b"") if end is None else end)
        )

    def data(self, interlaced):
        out = b""
        for x0, y0, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
            for y in range(y0, self.height, dy):
                samples = [s for x in range(x0, self.width, dx) for s in self.rows[y][x]]
                if samples:
                    out += b"\0" + self.packed(samples)
        return out

    def packed(self, samples):
        if self.depth == 16:
            return struct.pack(f">{len(samples)}H", *samples)
        bits = "".join(format(s, f"0{self.depth}b") for s in samples)
        length = -(-len(bits) // 8)
        return int(bits.ljust(8 * length, "0"), 2).to_bytes(length, "big")

    def expected(self, transparent=False):
        """Rows of samples as a viewer shows them: low depths spread to 8 bit, palettes looked up, tRNS as alpha."""
        top, wide = (1 << self.depth) - 1, self.depth == 16
        scale = 1 if wide or self.kind == 3 else 255 // top
        key, alphas = self.rows[0][0], [0, 128, 200]
        rows = []
        for row in self.rows:
            out = []
            for pixel in row:
                if self.kind == 3:
                    out += self.palette[pixel[0]]
                    if transparent:
                        out.append(alphas[pixel[0]] if pixel[0] < 3 else 255)
                else:
                    out += [s * scale for s in pixel]
                    if transparent:
                        out.append(0 if pixel == key else 65535 if wide else 255)
            rows.append(out)
        return rows


def read(data):
    """(width, height, depth, samples per pixel, rows) of a PNG that deblur wrote: not interlaced, 8 or 16 bit."""
    assert data[:8] == SIGNATURE
    at, packed, header = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        payload = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", payload)
        elif kind == b"IDAT":
            packed += payload
        at += 12 + length
    width, height, depth, kind, _, _, interlaced = header
    assert depth in (8, 16) and not interlaced
    count = SAMPLES[kind]
    step, stride = count * depth // 8, width * count * depth // 8
    lines, rows, above = zlib.decompress(packed), [], bytes(stride)
    for y in range(height):
        start = y * (stride + 1)
        above = unfilter(lines[start], lines[start + 1 : start + 1 + stride], above, step)
        rows.append(list(above) if depth == 8 else list(struct.unpack(f">{width * count}H", above)))
    return width, height, depth, count, rows


def unfilter(kind, line, above, step):
    """PNG 9.2."""
    out = bytearray(line)
    for i in range(len(out)):
        a = out[i - step] if i >= step else 0
        b, c = above[i], above[i - step] if i >= step else 0
        if kind == 1:
            out[i] = out[i] + a & 255
        elif kind == 2:
            out[i] = out[i] + b & 255
        elif kind == 3:
            out[i] = out[i] + (a + b) // 2 & 255
        elif kind == 4:
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out[i] = out[i] + nearest & 255
    return bytes(out)


def chunks(data):
    """(name, payload) of each chunk."""
    at, found = 8, []
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        found.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found
