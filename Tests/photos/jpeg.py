"""JPEG files of any sampling, order of scans and colour, written coefficient by coefficient (ITU-T T.81).

The pictures are random, but the same for the same arguments. Nothing is optimised: each Huffman table codes every symbol
with the same number of bits.
"""

import random
import struct

EOI = b"\xff\xd9"


def segment(marker, payload):
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def adobe(transform):
    """Adobe's marker: 0 as it is, 1 YCbCr, 2 YCCK."""
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def icc(profile, parts):
    """The profile in so many segments (ICC.1:2022 B.4)."""
    size = -(-len(profile) // parts)
    return [
        segment(0xE2, b"ICC_PROFILE\0" + bytes([part + 1, parts]) + profile[part * size : (part + 1) * size])
        for part in range(parts)
    ]


JFIF = segment(0xE0, b"JFIF\0" + struct.pack(">BBBHHBB", 1, 1, 0, 1, 1, 0, 0))

DC_SYMBOLS = bytes(range(12))
AC_SYMBOLS = bytes([0x00, 0xF0] + [run << 4 | size for run in range(16) for size in range(1, 11)])
# Four bits hold 12 symbols and eight 162, so that no code consists of ones only (T.81, C.2).
DC_CODES = {symbol: (code, 4) for code, symbol in enumerate(DC_SYMBOLS)}
AC_CODES = {symbol: (code, 8) for code, symbol in enumerate(AC_SYMBOLS)}


def tables():
    steps = bytes([8] + [16] * 63)
    counts = lambda bits, symbols: bytes(len(symbols) if length == bits else 0 for length in range(1, 17))
    return (
        segment(0xDB, b"\0" + steps)
        + segment(0xC4, b"\x00" + counts(4, DC_SYMBOLS) + DC_SYMBOLS)
        + segment(0xC4, b"\x10" + counts(8, AC_SYMBOLS) + AC_SYMBOLS)
    )


class Bits:
    """Entropy-coded data with stuffed zeros (B.1.1.5)."""

    def __init__(self):
        self.data, self.value, self.count = bytearray(), 0, 0

    def put(self, value, count):
        self.value, self.count = self.value << count | value, self.count + count
        while self.count >= 8:
            self.count -= 8
            byte = self.value >> self.count & 0xFF
            self.data += b"\xff\x00" if byte == 0xFF else bytes([byte])
        self.value &= (1 << self.count) - 1

    def symbol(self, codes, symbol):
        self.put(*codes[symbol])

    def number(self, value, size):
        """F.1.2.1: negative numbers one less, in as many bits."""
        if size:
            self.put(value if value >= 0 else value + (1 << size) - 1, size)

    def align(self):
        if self.count:
            self.put((1 << (8 - self.count)) - 1, 8 - self.count)


class Component:
    def __init__(self, name, horizontal, vertical):
        self.name, self.horizontal, self.vertical = name, horizontal, vertical


class Picture:
    """Random coefficients for one frame.

    factors: sampling factors of each component. names: their identifiers (1, 2, 3, ... by default).
    """

    def __init__(self, width, height, factors, names=None, seed=1):
        self.width, self.height = width, height
        names = names or range(1, len(factors) + 1)
        self.components = [Component(name, *pair) for name, pair in zip(names, factors)]
        self.widest = max(c.horizontal for c in self.components)
        self.tallest = max(c.vertical for c in self.components)
        self.units_wide = -(-width // (8 * self.widest))
        self.units_high = -(-height // (8 * self.tallest))
        source = random.Random(f"{seed} {width} {height} {factors}")
        for c in self.components:
            c.wide, c.high = self.units_wide * c.horizontal, self.units_high * c.vertical
            # Blocks of a scan of this component alone (A.2.2).
            c.alone_wide = -(-(-(-width * c.horizontal // self.widest)) // 8)
            c.alone_high = -(-(-(-height * c.vertical // self.tallest)) // 8)
            c.blocks = [[self.block(source) for _ in range(c.wide)] for _ in range(c.high)]

    @staticmethod
    def block(source):
        block = [0] * 64
        block[0] = source.randint(-110, 110)
        for _ in range(source.randint(0, 5)):
            block[source.choice((1, 2, 3, 4, 5, 8, 20, 40, 63))] = source.choice((-3, -2, -1, 1, 2, 3))
        return block

    def frame(self, marker):
        body = struct.pack(">BHHB", 8, self.height, self.width, len(self.components))
        for c in self.components:
            body += bytes([c.name, c.horizontal << 4 | c.vertical, 0])
        return segment(marker, body)

    def scan(self, components=None, first=0, last=63, restart=0, spectral=None):
        """A scan of the coefficients first to last; several components are interleaved."""
        components = components or self.components
        head = bytes([len(components)]) + b"".join(bytes([c.name, 0]) for c in components)
        head += bytes(spectral if spectral else (first, last, 0))
        bits, previous = Bits(), {}
        out = b""
        for index, unit in enumerate(self.units(components)):
            if restart and index and index % restart == 0:
                bits.align()
                out += bytes(bits.data) + bytes([0xFF, 0xD0 + (index // restart - 1) % 8])
                bits, previous = Bits(), {}
            for c, block in unit:
                self.code(bits, block, first, last, previous, c.name)
        bits.align()
        return segment(0xDA, head) + out + bytes(bits.data)

    def units(self, components):
        if len(components) == 1:
            c = components[0]
            for y in range(c.alone_high):
                for x in range(c.alone_wide):
                    yield [(c, c.blocks[y][x])]
            return
        for y in range(self.units_high):
            for x in range(self.units_wide):
                yield [
                    (c, c.blocks[y * c.vertical + v][x * c.horizontal + h])
                    for c in components
                    for v in range(c.vertical)
                    for h in range(c.horizontal)
                ]

    @staticmethod
    def code(bits, block, first, last, previous, name):
        if first == 0:
            difference = block[0] - previous.get(name, 0)
            previous[name] = block[0]
            size = abs(difference).bit_length()
            bits.symbol(DC_CODES, size)
            bits.number(difference, size)
        run = 0
        for value in block[max(first, 1) : last + 1]:
            if value == 0:
                run += 1
                continue
            while run > 15:
                bits.symbol(AC_CODES, 0xF0)
                run -= 16
            size = abs(value).bit_length()
            bits.symbol(AC_CODES, run << 4 | size)
            bits.number(value, size)
            run = 0
        if run and last > 0:
            bits.symbol(AC_CODES, 0x00)

    def sequential(self, segments=(JFIF,), restart=0, spectral=None, interleaved=True, end=EOI):
        groups = [self.components] if interleaved else [[c] for c in self.components]
        body = b"".join(self.scan(g, restart=restart, spectral=spectral) for g in groups)
        return self.file(0xC0, segments, restart, body, end)

    def progressive(self, segments=(JFIF,), restart=0, end=EOI):
        """By spectral selection: the means of all components, then the low and the high frequencies of each."""
        body = self.scan(last=0, restart=restart)
        for first, last in ((1, 5), (6, 63)):
            body += b"".join(self.scan([c], first, last, restart) for c in self.components)
        return self.file(0xC2, segments, restart, body, end)

    def file(self, frame, segments, restart, body, end):
        interval = segment(0xDD, struct.pack(">H", restart)) if restart else b""
        return b"\xff\xd8" + b"".join(segments) + tables() + self.frame(frame) + interval + body + end
