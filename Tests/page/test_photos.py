"""Ways a photo comes in, and photos that are not ordinary."""

import base64
import time

from PIL import Image

import pictures
from page_case import PageCase

# A file made in the page, because neither the clipboard nor a drag from outside can be had in a headless browser.
BRING = """
const [how, name, type, base64] = arguments;
const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const data = new DataTransfer();
data.items.add(new File([bytes], name, { type }));
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

    def bring(self, how, name, kind, content):
        self.browser.run(BRING, how, name, kind, base64.b64encode(content).decode())

    def test_drop(self):
        self.bring("drop", "dropped.jpg", "image/jpeg", self.photo.read_bytes())
        self.browser.wait_state("ready")
        self.assertTrue(self.browser.run("return window.__wasDropping"), "the page shows where to drop")
        self.assertFalse(self.browser.run("return document.body.classList.contains('dropping')"))
        self.assertEqual(self.browser.text("#file-name"), "dropped.jpg")

    def test_paste(self):
        self.bring("paste", "image.png", "image/png", pictures.encoded(pictures.scene(300, 200), "PNG"))
        self.browser.wait_state("ready")
        self.assertIn("300 × 200", self.browser.text("#file-facts"))

    def test_what_is_no_photo_is_refused_before_any_upload(self):
        cases = [("a.webp", b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 40, "This is WebP."),
                 ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40, "This is HEIC."),
                 ("a.jpg", b"not a photo at all", "This file is neither."), ("empty.jpg", b"", "This file is neither.")]
        for name, content, detail in cases:
            with self.subTest(name=name):
                self.browser.choose(self.write(name, content))
                self.browser.wait(lambda: detail in self.browser.text("#error-detail"))
                self.assertEqual(self.browser.text("#error-title"), "Only JPEG and PNG photos work")
                self.assertEqual(self.browser.run("return document.body.dataset.state"), "empty")

    def test_a_name_with_markup_stays_text(self):
        self.bring("drop", "<img src=x onerror=alert(1)>.jpg", "image/jpeg", self.photo.read_bytes())
        self.browser.wait_state("ready")
        self.assertEqual(self.browser.text("#file-name"), "<img src=x onerror=alert(1)>.jpg")

    def test_orientation_is_seen_as_the_camera_meant_it(self):
        self.choose(self.write("turned.jpg", pictures.turned_jpeg()))
        self.assertIn("600 × 800", self.browser.text("#file-facts"))
        time.sleep(0.1)
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
        self.browser.wait_state("done", 60)
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
