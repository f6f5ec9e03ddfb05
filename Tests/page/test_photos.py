"""Ways a photo comes in, and photos that are not ordinary."""

import base64

from PIL import Image

import pictures
from page_case import PageCase

# Files made in the page, because neither the clipboard nor a drag from outside can be had in a headless browser.
BRING = """
const [how, files] = arguments;
const data = new DataTransfer();
for (const [name, type, base64] of files) {
    data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
}
if (how === "drop") {
    const event = (kind) => document.body.dispatchEvent(
        new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    event("dragenter");
    window.__wasDropping = document.body.classList.contains("dropping");
    event("dragover");
    event("drop");
} else {
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}
"""


class PhotoTests(PageCase):
    against_real = True

    def bring(self, how, name, kind, *contents):
        self.browser.run(BRING, how, [[name, kind, base64.b64encode(content).decode()] for content in contents])

    def test_drop(self):
        self.bring("drop", "dropped.jpg", "image/jpeg", self.photo.read_bytes())
        self.browser.wait_state("ready")
        self.assertTrue(self.browser.run("return window.__wasDropping"), "the page shows where to drop")
        self.assertFalse(self.browser.run("return document.body.classList.contains('dropping')"))
        self.assertEqual(self.browser.text("#file-name"), "dropped.jpg")

    def test_drop_of_several_of_one_name(self):
        self.bring("drop", "dropped.jpg", "image/jpeg", *(path.read_bytes() for path in self.several(3)))
        self.wait_states("ready", "ready", "ready")

    def test_paste(self):
        self.bring("paste", "image.png", "image/png", pictures.encoded(pictures.scene(300, 200), "PNG"))
        self.browser.wait_state("ready")
        self.assertIn("300 × 200", self.browser.text("#file-facts"))

    def test_what_no_browser_opens_is_refused_before_any_upload(self):
        cases = [("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40, "This browser cannot open HEIC."),
                 ("a.tif", b"II*\0" + b"\0" * 40, "This browser cannot open TIFF."),
                 ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 40, "This browser cannot open WebP."),
                 ("a.jpg", b"not a photo at all", "It is no JPEG, PNG"), ("empty.jpg", b"", "It is no JPEG, PNG")]
        for name, content, detail in cases:
            with self.subTest(name=name):
                self.browser.choose(self.write(name, content))
                self.browser.wait(lambda: detail in self.browser.text("#error-detail"))
                self.assertEqual(self.browser.text("#error-title"), "This is not a photo that can be opened here")
                self.browser.click("#remove")
                self.browser.wait_state("empty")
        if self.service:
            self.assertEqual(self.service.seen("POST", "/"), [])

    def test_what_this_browser_opens_is_sent_as_png(self):
        picture = pictures.scene(300, 200)
        clear = Image.new("RGBA", (40, 30), (200, 30, 30, 128))
        cases = [("photo.webp", pictures.encoded(picture, "WEBP"), "WebP", "photo-sharp.jpg"),
                 ("clear.webp", pictures.encoded(clear, "WEBP", lossless=True), "WebP", "clear-sharp.png"),
                 ("photo.avif", pictures.encoded(picture, "AVIF"), "AVIF", "photo-sharp.jpg"),
                 ("moving.gif", pictures.encoded(picture, "GIF"), "GIF", "moving-sharp.png")]
        if self.service:
            # A double cannot make a JPEG of a PNG.
            jpeg, png = pictures.encoded(picture), pictures.encoded(picture, "PNG")
            self.service.behaviour.answer = lambda query: jpeg if query.get("format") == "jpeg" else png
        for name, content, kind, result in cases:
            with self.subTest(name=name):
                self.deblur(self.write(name, content))
                note = self.browser.text("#file-note")
                self.assertIn(f"Opened here from {kind} and sent as PNG. Camera data and date are not", note)
                self.assertEqual("first picture" in note, kind == "GIF")
                self.browser.click("#download")
                self.downloaded(result)
                self.browser.click("#remove")
                self.browser.wait_state("empty")

    def test_limits_are_known_before_an_upload(self):
        if not self.service:
            self.skipTest("the limits of a real service are its own")
        self.service.behaviour.limits = {"max_pixels": 100_000, "max_body_bytes": 9_000_000}
        self.browser.open()
        self.browser.wait(lambda: self.browser.is_shown("#limits"))
        self.assertEqual(self.browser.text("#limits"), "Up to 9.0 MB and 0.1 megapixels a photo.")
        self.browser.choose(self.photo)
        self.expect_error("This photo is too large", "It has 1.1 megapixels; this service takes up to 0.1.")
        self.browser.click("#remove")
        self.browser.wait_state("empty")
        self.service.behaviour.limits = {"max_pixels": 4_000_000, "max_body_bytes": 20_000}
        self.browser.open()
        self.browser.choose(self.photo)
        self.expect_error("This file is too large", "this service takes up to 20 kB.")
        self.assertEqual(self.service.seen("POST", "/"), [])

    def test_an_estimate_comes_before_the_work(self):
        if not self.service:
            self.skipTest("a real service measures its own speed")
        self.choose()
        # Twelve tiles at a quarter of a second.
        self.assertEqual(self.browser.text("#outcome-detail"), "Takes up to about 3 seconds here when nothing else waits.")

    def test_a_name_with_markup_stays_text(self):
        self.bring("drop", "<img src=x onerror=alert(1)>.jpg", "image/jpeg", self.photo.read_bytes())
        self.browser.wait_state("ready")
        self.assertEqual(self.browser.text("#file-name"), "<img src=x onerror=alert(1)>.jpg")

    def test_orientation_is_seen_as_the_camera_meant_it(self):
        self.choose(self.write("turned.jpg", pictures.turned_jpeg()))
        self.assertIn("600 × 800", self.browser.text("#file-facts"))
        self.browser.wait_drawn()
        width, height = self.browser.run(
            "const c = document.getElementById('canvas'); return [c.clientWidth, c.clientHeight]")
        red, _, blue, _ = self.browser.pixel(width / 2, height / 4)
        self.assertGreater(red, blue, "red is at the top")
        red, _, blue, _ = self.browser.pixel(width / 2, height * 3 / 4)
        self.assertGreater(blue, red)

    def test_one_pixel(self):
        if self.service:
            self.service.behaviour.restore = None
        self.deblur(self.write("dot.png", pictures.encoded(Image.new("RGB", (1, 1), (200, 30, 30)), "PNG")))
        self.assertTrue(self.browser.is_shown("#divider"))


class LargePhotoTests(PageCase):
    """24 megapixels, turned by EXIF: never decoded twice at once, kept small, sharp when zoomed in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        image = Image.new("RGB", (6000, 4000), (40, 90, 160))
        image.paste((200, 60, 40), (0, 0, 3000, 4000))
        # Single white columns, 2 pixels wide: gone in a preview, there pixel by pixel.
        for x in range(0, 6000, 8):
            image.paste((255, 255, 255), (x, 0, x + 2, 4000))
        exif = Image.Exif()
        exif[0x0112] = 6
        cls.large = cls.write("large.jpg", pictures.encoded(image, exif=exif))

    def test_memory_stays_bounded(self):
        self.service.behaviour.restore = None
        self.service.behaviour.seconds_per_tile = 0.002
        self.choose(self.large)
        self.assertIn("4000 × 6000, 24", self.browser.text("#file-facts"))
        self.browser.click("#deblur")
        self.browser.wait_state("done")
        self.assertLessEqual(self.browser.run("return window.__largest"), 4.1e6, "only previews are kept")
        self.browser.click("#zoom-full")
        self.browser.wait(lambda: self.contrast() > 150, 20, "zoomed in it never became sharp")
        self.assertLessEqual(self.browser.run("return window.__largest"), 4.1e6, "crops are no larger than the screen")
        self.assertEqual(self.browser.run("return window.__decodesAtOnce"), 1, "two decodes at the same time")

    def contrast(self):
        """Between rows near the stage's centre: the columns of the file lie across, as seen."""
        values = self.browser.run("""const c = document.getElementById("canvas");
            const d = c.getContext("2d").getImageData(Math.round(c.width / 4), Math.round(c.height / 2), 1, 32).data;
            return [...d].filter((_, i) => i % 4 === 1)""")
        return max(values) - min(values)
