"""Files as phones and programs write them: what they are, and what has to become of them.

Each kind has inputs that are made here, and those of ../shared/cases where that folder is. All go through the command
line and through the service, as JPEG and as PNG; the pixels are compared with Pillow's.
"""

import io
import random
import struct
import sys
import zlib
from collections import namedtuple

import jpeg
import png
from rig import ROOT, Image, Tally, command, command_on_folder, distance, pillow, post, service, tiff

CASES = ROOT.parent / "shared/cases"

# data: the file. same: a file with the same pixels for Pillow (None: data itself). check: (kind, answer's bytes) -> fault
# or None. refused: the file has to be an error.
Case = namedtuple("Case", "kind name data same check refused", defaults=(None, None, False))

LUMA = [(2, 2), (1, 1), (1, 1)]
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def picture(factors=LUMA, seed=1):
    return jpeg.Picture(61, 45, factors, seed=seed)


def profile(size=588):
    head = bytearray(random.Random(size).randbytes(size))
    head[0:4], head[16:20], head[36:40] = size.to_bytes(4, "big"), b"RGB ", b"acsp"
    return bytes(head)


# --- What is in an answer


def metadata(data):
    """{"icc", "exif", "xmp"} of a JPEG or PNG, each bytes or None; parts joined as they come."""
    found = {"icc": b"", "exif": b"", "xmp": b""}
    if data[:4] == b"\x89PNG":
        for kind, payload in png.chunks(data):
            if kind == b"iCCP":
                found["icc"] += zlib.decompress(payload[payload.index(b"\0") + 2 :])
            elif kind == b"eXIf":
                found["exif"] += payload
            elif kind == b"iTXt" and payload.startswith(b"XML:com.adobe.xmp\0\0\0\0\0"):
                found["xmp"] += payload[22:]
    else:
        at = 2
        while data[at + 1] != 0xDA:
            length = struct.unpack(">H", data[at + 2 : at + 4])[0]
            payload = data[at + 4 : at + 2 + length]
            for name, prefix, skip in (("icc", b"ICC_PROFILE\0", 2), ("exif", b"Exif\0\0", 0), ("xmp", XMP, 0)):
                if payload.startswith(prefix):
                    found[name] += payload[len(prefix) + skip :]
            at += 2 + length
    return {name: value or None for name, value in found.items()}


def has_profile(whole):
    return lambda answer: None if metadata(answer)["icc"] == whole else "the profile is not what it was"


def has_exif(block, orientation=None):
    """The block as it was but for its orientation, which is 1 if there was one; Pillow can read it."""

    def check(answer):
        exif = metadata(answer)["exif"]
        if exif is None or len(exif) != len(block):
            return f"EXIF of {exif and len(exif)} bytes, not {len(block)}"
        changed = [at for at in range(len(block)) if exif[at] != block[at]]
        if len(changed) > (orientation not in (None, 1)):
            return f"{len(changed)} bytes of the EXIF block have changed"
        if Image.open(io.BytesIO(answer)).getexif().get(0x0112) != (orientation and 1):
            return "the orientation is not 1"

    return check


def has_xmp(packet):
    return lambda answer: None if metadata(answer)["xmp"] == packet else f"XMP is {metadata(answer)['xmp']}"


# --- The kinds


def odd_headers():
    """Headers that are wrong where no pixel depends on them."""
    whole = picture()
    for bounds in ((0, 0, 0), (0, 0, 0x10), (7, 2, 0x31)):
        yield Case("odd headers", f"spectral bounds {bounds}", whole.sequential(spectral=bounds), whole.sequential())
        alone = whole.sequential(spectral=bounds, interleaved=False, restart=2)
        yield Case("odd headers", f"spectral bounds {bounds}, one by one", alone, whole.sequential())
    gray = picture([(1, 1)])
    yield Case("odd headers", "gray, spectral bounds 0", gray.sequential(spectral=(0, 0, 0)), gray.sequential())
    future = jpeg.JFIF.replace(b"JFIF\0\1\1", b"JFIF\0\7\1")
    yield Case("odd headers", "JFIF 7", whole.sequential([future]), whole.sequential())
    data = whole.sequential(spectral=(0, 0, 0))
    yield Case("odd headers", "and cut", data[: len(data) * 3 // 4], refused=True)


def ends():
    """No end marker, a trailer instead; against cuts inside a scan."""
    samsung = b"SEFHj\0\0\0\1\0\0\0" + bytes(40) + b"SEFT"
    trailers = {"nothing": b"", "a trailer": samsung, "a marker": b"\xff\xe1\x12\x34" + samsung,
                "a video": b"\0\0\0\x18ftypmp42" + random.Random(1).randbytes(5000), "half a marker": b"\xff"}
    whole = picture()
    forms = {"sequential": whole.sequential, "progressive": whole.progressive,
             "restarts": lambda **more: whole.sequential(restart=2, **more),
             "one by one": lambda **more: whole.sequential(interleaved=False, **more)}
    for form, make in forms.items():
        for name, trailer in trailers.items():
            yield Case("no end marker", f"{form}, {name}", make(end=trailer), make())
        data = make(end=b"")
        for share in (0.6, 0.9):
            cut = data[: int(len(data) * share)]
            for name in ("nothing", "a trailer", "a marker"):
                yield Case("cut", f"{form} to {share}, {name}", cut + trailers[name], refused=True)
        yield Case("cut", f"{form}, the last byte", data[:-1], refused=True)
    scans = whole.progressive(end=b"")
    yield Case("cut", "the last scan", scans[: scans.rindex(b"\xff\xda")], refused=True)
    plain = png.Picture(31, 21, 6, 8)
    for name, end in {"nothing": b"", "half a chunk": png.chunk(b"IEND", b"")[:6], "a broken chunk": b"\0\0\1\0tEXtx"}.items():
        yield Case("no end marker", f"PNG, {name}", plain.file(end=end), plain.file())
    data = plain.file(True, end=b"")
    yield Case("cut", "PNG, a byte of the checksum", data[:-1], refused=True)


def profiles():
    """The profile is whole; what is around it is not."""
    whole, base, plain = profile(), picture(), png.Picture(31, 21, 2, 8)

    def in_jpeg(*parts):
        segments = [jpeg.segment(0xE2, b"ICC_PROFILE\0" + bytes([n, count]) + part) for n, count, part in parts]
        return base.sequential([jpeg.JFIF, *segments])

    for name, parts in {
        "padded by 1": [(1, 1, whole + b"\0")], "padded by 700": [(1, 1, whole + bytes(700))],
        "a count too high": [(1, 3, whole[:300]), (2, 3, whole[300:])],
        "numbers from 0": [(0, 2, whole[:300]), (1, 2, whole[300:])], "twice": [(1, 1, whole), (1, 1, whole)],
    }.items():
        yield Case("profile", f"JPEG, {name}", in_jpeg(*parts), check=has_profile(whole))
    cut = in_jpeg((1, 1, whole[:-1]))
    yield Case("profile", "JPEG, not all there", cut, base.sequential(), has_profile(None))

    def in_png(stream):
        return plain.file(chunks=[png.chunk(b"iCCP", b"x\0\0" + stream)])

    packed = zlib.compress(whole)
    for name, stream in {
        "no checksum": packed[:-4], "half a checksum": packed[:-2], "a wrong checksum": packed[:-4] + b"abcd",
        "padded": packed + bytes(3), "padded inside": zlib.compress(whole + bytes(2)),
    }.items():
        yield Case("profile", f"PNG, {name}", in_png(stream), plain.file(), has_profile(whole))
    broken = in_png(packed)
    at = broken.index(packed) + len(packed)
    broken = broken[:at] + bytes([broken[at] ^ 1]) + broken[at + 1 :]
    yield Case("profile", "PNG, a wrong chunk checksum", broken, plain.file(), has_profile(whole))
    yield Case("profile", "PNG, not all there", in_png(zlib.compress(whole[:-1])), plain.file(), has_profile(None))


def inks():
    """Four components without Adobe's marker."""
    for factors in ([(1, 1)] * 4, [(2, 2), (1, 1), (1, 1), (2, 2)]):
        four = jpeg.Picture(61, 45, factors)
        for name, make in (("sequential", four.sequential), ("progressive", four.progressive)):
            yield Case("CMYK without a marker", f"{name} {factors[0]}", make([]), make([jpeg.adobe(0)]))


def absent_parts():
    """XMP about a video, a gain map, a directory of parts: gone; other XMP: byte for byte."""
    base, plain = picture(), png.Picture(31, 21, 2, 8)
    ultra = ' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
    motion = ' GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" GCamera:MotionPhotoPresentationTimestampUs="5"'
    micro = " GCamera:MicroVideo='1'\n   GCamera:MicroVideoOffset='3024'"
    directory = (
        '<C:Directory xmlns:C="http://ns.google.com/photos/1.0/container/" '
        'xmlns:I="http://ns.google.com/photos/1.0/container/item/"><rdf:Seq><rdf:li rdf:parseType="Resource">'
        '<C:Item I:Semantic="MotionPhoto" I:Length="3024"/></rdf:li></rdf:Seq></C:Directory>'
    )
    elements = "<hdrgm:Version>1.0</hdrgm:Version><GCamera:MicroVideoOffset>1</GCamera:MicroVideoOffset>"

    def packet(attributes="", children="", hdr=""):
        return (
            '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
            'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
            f'{hdr}{attributes} GCamera:BurstID="b7"><dc:title>MotionPhoto &amp; hdrgm:Version</dc:title>{children}'
            '</rdf:Description></rdf:RDF></x:xmpmeta>   <?xpacket end="w"?>'
        ).encode()

    rest = packet()
    for name, before in {
        "motion photo": packet(motion, directory), "micro video": packet(micro), "gain map": packet(hdr=ultra),
        "all of it": packet(micro + motion, directory + elements, ultra), "none of it": rest,
    }.items():
        segment = jpeg.segment(0xE1, XMP + before)
        yield Case("absent parts", f"JPEG, {name}", base.sequential([jpeg.JFIF, segment]), check=has_xmp(rest))
        trailer = base.sequential() + b"\0\0\0\x18ftypmp42" + bytes(3000)
        motion_file = base.sequential([jpeg.JFIF, segment], end=jpeg.EOI + trailer)
        yield Case("absent parts", f"JPEG and its parts, {name}", motion_file, check=has_xmp(rest))
        text = png.chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(before))
        yield Case("absent parts", f"PNG, {name}", plain.file(chunks=[text]), check=has_xmp(rest))


def long_exif():
    """EXIF over 64 KiB: in parts, and from PNG."""
    base, plain = picture(), png.Picture(31, 21, 2, 8)
    for orientation, little, size in ((1, True, 70_000), (6, False, 80_000), (8, True, 150_000)):
        block = tiff(orientation, little, random.Random(size).randbytes(size))
        name = f"{size} bytes, orientation {orientation}"
        for step in (65527, 60000):
            parts = [block[at : at + step] for at in range(0, len(block), step)]
            segments = [jpeg.segment(0xE1, b"Exif\0\0" + part) for part in parts]
            data = base.sequential(segments + [jpeg.JFIF])
            small = base.sequential([jpeg.segment(0xE1, b"Exif\0\0" + tiff(orientation, little))])
            yield Case("long EXIF", f"JPEG, {name}, by {step}", data, small, has_exif(block, orientation))
        data = plain.file(chunks=[png.chunk(b"eXIf", block)])
        yield Case("long EXIF", f"PNG, {name}", data, check=has_exif(block, orientation))


def named_exif():
    """`Exif` and two zeros where they do not belong."""
    base, plain = picture(), png.Picture(31, 21, 2, 8)
    for orientation, little in ((6, False), (3, True), (5, True)):
        block = tiff(orientation, little, b"text")
        for count in (1, 2):
            data = plain.file(chunks=[png.chunk(b"eXIf", b"Exif\0\0" * count + block)])
            clean = plain.file(chunks=[png.chunk(b"eXIf", block)])
            name = f"{count} names, orientation {orientation}"
            yield Case("EXIF with its name", f"PNG, {name}", data, clean, has_exif(block, orientation))
        data = base.sequential([jpeg.segment(0xE1, b"Exif\0\0Exif\0\0" + block)])
        clean = base.sequential([jpeg.segment(0xE1, b"Exif\0\0" + block)])
        yield Case("EXIF with its name", f"JPEG, orientation {orientation}", data, clean, has_exif(block, orientation))


def shared():
    """The files of ../shared/cases, by name; the rest of a profile, EXIF block or packet is read off the file."""
    files = {path.name: path.read_bytes() for path in sorted(CASES.iterdir())}
    known = {}

    def case(kind, name, same=None, check=None):
        known[name] = Case(kind, name, files[name], same, check) if name in files else None

    case("odd headers", "samsung_sos_000.jpg")
    case("no end marker", "pano_no_eoi_trailer.jpg")
    case("no end marker", "no_eoi.jpg")
    data = files.get("icc_no_adler.png")
    if data:
        packed = dict(png.chunks(data))[b"iCCP"]
        whole = zlib.decompressobj().decompress(packed[packed.index(b"\0") + 2 :])
        case("profile", "icc_no_adler.png", check=has_profile(whole))
    data = files.get("icc_pad1.jpg")
    if data:
        case("profile", "icc_pad1.jpg", check=has_profile(metadata(data)["icc"][:-1]))
    case("CMYK without a marker", "cmyk_no_adobe.jpg")
    case("absent parts", "motion_ultrahdr.jpg", check=lambda answer: next(
        (f"{word} is still there" for word in (b"MotionPhoto", b"MicroVideo", b"hdrgm", b"Container", b"Item:")
         if word in answer), None))
    data = files.get("exif_multisegment.jpg")
    if data:
        case("long EXIF", "exif_multisegment.jpg", check=has_exif(metadata(data)["exif"]))
    data = files.get("png_exif6_prefix.png")
    if data:
        block = dict(png.chunks(data))[b"eXIf"]
        case("EXIF with its name", "png_exif6_prefix.png", check=has_exif(block[6:], 6))
    for name in files.keys() - known.keys():
        print(f"not known here: {name}")
    return [case for case in known.values() if case]


# --- The ways through


def judge(case, target, status, answer, said):
    if case.refused:
        return None if status in (1, 422) else f"{status}, an error was expected"
    if answer is None or status not in (0, 200):
        return f"{status} {said}"
    if target == "png":
        far = distance(png.read(answer), pillow(case.same or case.data))
        if far != 0:
            return f"pixels differ by {far}"
    elif Image.open(io.BytesIO(answer)).size != pillow(case.same or case.data)[:2]:
        return "another size"
    return case.check(answer) if case.check else None


def form(case):
    return "png" if case.data[:4] == b"\x89PNG" else "jpg"


def by_http(cases, port, tally):
    for case in cases:
        for target in ("jpg", "png"):
            answer = post(port, case.data, f"format={'jpeg' if target == 'jpg' else 'png'}")
            body = answer.body if answer.status == 200 else None
            fault = judge(case, target, answer.status, body, answer.body[:200])
            tally.note(f"{case.kind}, HTTP", f"{case.name} as {target}", fault)


def by_command(cases, tally):
    for case in cases:
        for target in ("jpg", "png"):
            status, made, said = command(case.data, form(case), target)
            tally.note(f"{case.kind}, command line", f"{case.name} as {target}", judge(case, target, status, made, said))


def by_folder(cases, tally):
    """All at once, each in its own format: an error leaves no file."""
    names = [f"{index:04}.{form(case)}" for index, case in enumerate(cases)]
    answers = command_on_folder({name: case.data for name, case in zip(names, cases)})
    for name, case in zip(names, cases):
        made = answers.get(name)
        fault = judge(case, form(case), 1 if made is None else 0, made, "no result")
        tally.note(f"{case.kind}, a folder", case.name, fault)


def sizes(port, tally):
    """Phones' 50 megapixels are no refusal by size, 64 are the limit: by headers alone, whose pixels are missing."""
    for width, height, code in ((8192, 6144, "bad_image"), (8000, 8000, "bad_image"), (8001, 8000, "too_many_pixels")):
        header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        data = png.SIGNATURE + png.chunk(b"IHDR", header) + png.chunk(b"IDAT", zlib.compress(b"\0"))
        answer = post(port, data)
        fault = None if answer.status == 422 and f'"{code}"'.encode() in answer.body else f"{answer.status} {answer.body}"
        tally.note("limit of pixels", f"{width}x{height}", fault)


def cuts(port, tally):
    """Every seventh place inside the scans of small files, with nothing, a trailer or an end marker behind the cut."""
    small, gray = jpeg.Picture(33, 20, LUMA), jpeg.Picture(40, 24, [(1, 1)])
    for form, data in {
        "one by one": small.sequential(interleaved=False, restart=2, end=b""), "sequential": small.sequential(end=b""),
        "progressive": small.progressive(end=b""), "progressive, restarts": small.progressive(restart=1, end=b""),
        "gray": gray.sequential(restart=3, end=b""),
    }.items():
        # A progressive file may end early on purpose: its end marker says so.
        trailers = [b"", b"\xff\xe1\x12\x34SEFH", b"\xff\xd8\xff\xe0"] + [jpeg.EOI] * ("progressive" not in form)
        first = data.index(b"\xff\xda") + 2
        taken = [
            (length, trailer) for length in [*range(first, len(data), 7), len(data) - 1] for trailer in trailers
            if post(port, data[:length] + trailer).status != 422
        ]
        tally.note("cut at many places", form, f"taken for pictures: {taken[:5]}" if taken else None)
        status = post(port, data).status
        tally.note("cut at many places", f"{form}, not cut", None if status == 200 else status)


def main():
    tally = Tally()
    made = [case for kind in (odd_headers, ends, profiles, inks, absent_parts, long_exif, named_exif) for case in kind()]
    given = shared() if CASES.is_dir() else []
    if not given:
        print(f"skipped: the files of ../{CASES.relative_to(ROOT.parent)}: there are none")
    served = service()
    sizes(served.port, tally)
    cuts(served.port, tally)
    by_http(made + given, served.port, tally)
    by_folder(made, tally)
    by_command(given, tally)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
