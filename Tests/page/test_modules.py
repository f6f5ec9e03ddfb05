"""The page's modules on their own, run in the browser: formats cut in odd places, numbers in words."""

from page_case import PageCase


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
        self.assertEqual(words, ["under a second", "1 second", "45 seconds", "a minute", "31 minutes",
                                 "2 hours 1 minute", "999 bytes", "1.2\u00a0MB", "25\u00a0MB"])
