"""States that few photos come into, each looked at by the rules of `audit`: errors, waiting, conversions, odd shapes."""

import base64
import unittest

from PIL import Image
from selenium.webdriver.common.keys import Keys

import pictures
from audit import AuditCase
from test_photos import BRING

# A photo that is being read stays so.
HOLD = """
const open = window.createImageBitmap;
window.createImageBitmap = () => new Promise((done) => { window.__letGo = () => done(null); });
window.__restore = () => { window.createImageBitmap = open; };
"""


class RareStatesTests(AuditCase):
    expected_statuses = (401, 404, 422, 429, 500, 503, "net::ERR")

    def bring(self, *paths):
        """Without waiting for what becomes of them."""
        self.browser.choose(*paths)
        self.browser.wait(lambda: self.browser.run("return document.body.dataset.state") not in ("empty", "opening"))

    def finish(self, path=None):
        self.choose(path)
        self.browser.click("#deblur")
        self.browser.wait_state("done")
        self.browser.wait(lambda: self.browser.is_shown("#toolbar") or self.browser.is_shown("#no-preview"))

    def test_coming_in(self):
        browser = self.browser
        browser.run("""const data = new DataTransfer();
            data.items.add(new File(["x"], "a.jpg", { type: "image/jpeg" }));
            document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer: data, bubbles: true }))""")
        self.audit("20-drop")
        browser.run("document.body.classList.remove('dropping')")
        browser.run(HOLD)
        browser.choose(self.photo)
        browser.wait_state("opening")
        self.audit("21-opening")
        browser.run("window.__restore(); window.__letGo()")
        browser.wait_state("ready")

    def test_converted(self):
        self.choose(self.write("from-the-web.webp", pictures.encoded(pictures.scene(900, 600), "WEBP")))
        self.browser.click("#options-details summary")
        self.audit("22-converted")

    def test_waiting(self):
        browser, behaviour = self.browser, self.service.behaviour
        behaviour.queue_seconds = 60
        self.choose()
        browser.click("#deblur")
        browser.wait(lambda: browser.text("#status") == "Waiting")
        self.audit("23-queued")
        browser.click("#cancel")
        browser.wait_state("ready")
        behaviour.key = "right"
        browser.click("#deblur")
        browser.wait(lambda: browser.is_shown("#key-dialog"))
        browser.find("#key").send_keys("wrong", Keys.ENTER)
        browser.wait(lambda: browser.is_shown("#key-refused"))
        self.audit("24-key-refused")
        browser.find("#key-dialog button[value='']").click()
        browser.wait(lambda: not browser.is_shown("#key-dialog"))
        self.audit("25-without-a-key")

    def test_a_job_that_is_gone(self):
        self.browser.open("#job=gone")
        self.browser.wait(lambda: self.browser.is_shown("#error"))
        self.audit("26-a-job-that-is-gone")

    def test_nothing_to_sharpen(self):
        self.service.behaviour.exits, self.service.behaviour.restore = 0, None
        self.finish()
        self.audit("27-nothing-to-sharpen")

    def test_time_too_short(self):
        browser, behaviour = self.browser, self.service.behaviour
        behaviour.deadline = "shallower=3, untouched=1"
        self.finish()
        self.audit("28-time-too-short")
        behaviour.refusals = [(500, "internal", "Something failed", "The service made a mistake.", {})]
        browser.run("""const slider = document.getElementById("strength");
            slider.value = 55; slider.dispatchEvent(new Event("input"))""")
        browser.click("#download")
        browser.wait(lambda: browser.is_shown("#complaint"))
        self.audit("29-download-failed")

    def test_a_result_that_cannot_be_shown(self):
        self.service.behaviour.answer = lambda _: self.sharp[:600]
        self.finish()
        self.browser.wait(lambda: self.browser.is_shown("#no-preview"))
        self.audit("30-result-cannot-be-shown")

    def test_failures(self):
        browser, behaviour = self.browser, self.service.behaviour
        behaviour.job_error = {"type": "about:blank", "title": "The photo could not be deblurred", "status": 500,
                               "code": "internal", "detail": "", "request_id": "4f0c2a9be1d84b7f9a7b7e0c1d2e3f40"}
        self.bring(self.photo)
        browser.wait_state("ready")
        browser.click("#deblur")
        browser.wait_state("failed")
        self.audit("31-failed-with-a-code")
        behaviour.job_error = None
        broken = [self.write(name, content) for name, content in (
            ("an-iphone-photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40),
            ("A photo with a very long name from the second day of our journey to the sea (copy 2) final.jpg",
             self.photo.read_bytes()[:20]),
            ("notes.txt", b"no photo"))]
        self.bring(*self.several(2), *broken)
        browser.wait(lambda: self.states().count("failed") == 4)
        browser.run("document.querySelectorAll('.cell')[3].click()")
        self.audit("32-heic")
        browser.run("document.querySelectorAll('.cell')[4].click()")
        self.audit("33-a-long-name")
        browser.run("document.querySelectorAll('.cell')[1].click()")
        self.audit("34-four-failed")

    def shape(self, state, *size):
        whole = pictures.scene(max(64, size[0]), max(64, size[1]))
        result = pictures.encoded(whole.resize(size))
        self.service.behaviour.restore = lambda _: result
        self.finish(self.write(f"{state}.jpg", pictures.encoded(pictures.blurred(whole, 25).resize(size))))
        self.audit(state)

    def test_portrait(self):
        self.shape("35-portrait", 600, 1100)

    def test_panorama(self):
        self.shape("36-panorama", 2400, 300)

    def test_tiny(self):
        self.shape("37-tiny", 24, 18)

    def test_white(self):
        browser = self.browser
        flat = pictures.encoded(Image.new("RGB", (900, 600), "white"))
        self.service.behaviour.restore = lambda _: flat
        self.finish(self.write("white.jpg", flat))
        self.audit("38-white")
        browser.run(BRING, "paste", [["image.png", "image/png", base64.b64encode(
            pictures.encoded(pictures.scene(300, 200), "PNG")).decode()]])
        browser.wait(lambda: self.states() == ["done", "ready"])
        self.audit("39-two")


if __name__ == "__main__":
    unittest.main()
