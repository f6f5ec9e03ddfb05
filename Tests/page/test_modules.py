"""The page's modules on their own, run in the browser: formats cut in odd places, numbers in words."""

import pathlib
import re

from page_case import PageCase

PUBLIC = pathlib.Path(__file__).resolve().parents[2] / "Public"


class ModuleTests(PageCase):
    def module(self, name, body, *arguments):
        return self.browser.driver.execute_async_script(f"""
            const done = arguments[arguments.length - 1], args = [...arguments].slice(0, -1);
            import("/js/{name}.js").then((m) => {{ {body} }}).then(done, (error) => done(String(error)));""",
            *arguments)

    def events(self, text, size):
        return self.module("event-stream", """
            const parser = new m.EventStreamParser(), events = [];
            const [text, size] = args;
            for (let i = 0; i < text.length; i += size) events.push(...parser.feed(text.slice(i, i + size)));
            return [events.map((e) => [e.type, e.data]), parser.lastEventID, parser.retryMilliseconds];""", text, size)

    def test_event_stream_cut_anywhere(self):
        text = ("\ufeff: hello\r\nretry: 250\r\nid: 7\r\nevent: tile\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n"
                "data:  two\n\nid: 8\n\nevent: none\n\nid\ndata\n\nid: 9\rdata: last\r\r: end\n")
        expected = [[["tile", '{"a":\n1}'], ["message", " two"], ["message", ""], ["message", "last"]], "9", 250]
        for size in (1, 2, 3, 7, 1000):
            with self.subTest(size=size):
                self.assertEqual(self.events(text, size), expected)

    def test_an_unfinished_event_is_none(self):
        self.assertEqual(self.events("event: tile\ndata: 1\n", 5)[0], [])

    def test_retry_after(self):
        read = lambda value: self.module("problem", "return m.retryAfter(args[0])", value)
        self.assertEqual([read("12"), read("0"), read(None), read("soon"), read("-1")], [12, 0, None, None, None])
        self.assertEqual(read("Mon, 01 Jan 2001 00:00:00 GMT"), 0)

    def test_cells_meet_in_the_middle_of_overlaps(self):
        tiles = [{"x": x, "y": 0, "width": 384, "height": 200} for x in (0, 352, 616)]
        cells = self.module(
            "tiles", "return m.withCells(args[0]).map(({ cell }) => [cell.x, cell.width, cell.height])", tiles)
        self.assertEqual(cells, [[0, 368, 200], [368, 308, 200], [676, 324, 200]])

    def test_words_for_numbers(self):
        words = self.module("format", """return [m.duration(0.4), m.duration(1.2), m.duration(43), m.duration(70),
            m.duration(1830), m.duration(7260), m.bytes(999), m.bytes(1234567), m.bytes(25000000)]""")
        self.assertEqual(words, ["under a second", "1 second", "45 seconds", "1 minute", "31 minutes",
                                 "2 hours 1 minute", "999 bytes", "1.2\u00a0MB", "25\u00a0MB"])

    def test_words_of_other_languages(self):
        """The same keys and gaps in each, so that no text is missing and no number is lost."""
        texts = {name: self.module(f"texts/{name}", "return m.default") for name in ("en", "de", "fr")}
        forms = lambda text: [text] if isinstance(text, str) else list(text.values())
        gaps = lambda text: {frozenset(re.findall(r"\{(\w+)\}", form)) for form in forms(text)}
        for name in ("de", "fr"):
            self.assertEqual(set(texts[name]), set(texts["en"]), name)
            for key, text in texts["en"].items():
                self.assertEqual(gaps(texts[name][key]), gaps(text), f"{name}: {key}")
                self.assertEqual(type(texts[name][key]), type(text), f"{name}: {key}")

    def test_the_page_says_in_its_html_what_the_english_texts_say(self):
        english = self.module("texts/en", "return m.default")
        page = (PUBLIC / "index.html").read_text()
        plain = lambda text: " ".join(text.split())
        found = re.findall(r'data-t="(\w+)"[^>]*>([^<]*)<', page)
        self.assertGreater(len(found), 40)
        for key, text in found:
            # Some are put in when they are needed.
            if text:
                self.assertEqual(plain(text), plain(english[key]), key)
        for label, key in re.findall(r'aria-label="([^"]*)"\s+data-label="(\w+)"', page):
            self.assertEqual(label, english[key], key)

    def test_names_of_results(self):
        sharp = lambda *pair: self.module("names", "return m.sharpName(...args)", *pair)
        self.assertEqual([sharp("a.jpg", "image/jpeg"), sharp("B.JPG", "image/jpeg"), sharp("c.jpeg", "image/png"),
                          sharp("d.webp", "image/jpeg"), sharp("e", "image/png"), sharp(".jpg", "image/jpeg"),
                          sharp("f/g:h.png", "image/png")],
                         ["a-sharp.jpg", "B-sharp.JPG", "c-sharp.png", "d-sharp.jpg", "e-sharp.png", ".jpg-sharp.jpg",
                          "f_g_h-sharp.png"])
        self.assertEqual([sharp(name, "image/jpeg") for name in ("2026.11.28", "on\u202egpj.exe", "a\nb.jpg", "")],
                         ["2026.11.28-sharp.jpg", "ongpj-sharp.jpg", "a_b-sharp.jpg", "photo-sharp.jpg"])
        for letter in ("x", "é", "🌊"):
            long = sharp(letter * 250 + ".jpeg", "image/jpeg")
            self.assertTrue(200 < len(long.encode()) <= 250 and long.endswith(f"{letter}-sharp.jpeg"), long)
        accents = self.module("names", "return m.withoutDoubles(args[0])", ["caf\u00e9.jpg", "cafe\u0301.jpg"])
        self.assertEqual(accents[1], "cafe\u0301-2.jpg")
        names = ["a.jpg", "A.JPG", "a.jpg", "a-2.jpg", "b"]
        self.assertEqual(self.module("names", "return m.withoutDoubles(args[0])", names),
                         ["a.jpg", "A-2.JPG", "a-3.jpg", "a-2-2.jpg", "b"])

    def test_a_zip_of_more_than_four_gigabytes(self):
        """Sizes and places that need 64 bits: looked at in the headers, not written to a disk."""
        directory = self.module("zip", """
            const made = [], real = Blob;
            const large = { size: 5e9, stream: () => new real(["x"]).stream() };
            globalThis.Blob = function (parts) { made.push(...parts); };
            return m.zip([{ name: "a", blob: large }, { name: "b", blob: new real(["yy"]) }], new Date(2026, 1, 3, 4, 5, 6))
                .finally(() => { globalThis.Blob = real; })
                .then(() => made.filter((part) => part instanceof Uint8Array).map((part) => [...part]));""")
        first, second, entry_a, entry_b, end64, end = (bytes(part) for part in directory)
        number = lambda data, at, size: int.from_bytes(data[at:at + size], "little")
        self.assertEqual((number(first, 22, 4), number(first, 35, 8)), (0xFFFFFFFF, 5_000_000_000))
        self.assertEqual(number(second, 22, 4), 2)
        self.assertEqual(number(entry_a, 51, 8), 5_000_000_000)
        place = len(first) + 5_000_000_000
        self.assertEqual((number(entry_b, 42, 4), number(entry_b, 51, 8)), (0xFFFFFFFF, place))
        self.assertEqual(number(end64, 48, 8), place + len(second) + 2, "where the directory begins")
        self.assertEqual((number(end, 10, 2), number(end, 16, 4)), (2, 0xFFFFFFFF))
