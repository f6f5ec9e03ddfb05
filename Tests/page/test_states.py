"""States that few photos come into, each looked at by the rules of `audit`: errors, waiting, conversions, odd shapes."""

import base64
import unittest

from PIL import Image
from selenium.webdriver.common.keys import Keys

import pictures
from audit import SHOTS, AuditCase
from test_photos import BRING

# A photo that is being read stays so.
HOLD = """
const open = window.createImageBitmap;
window.createImageBitmap = () => new Promise((done) => { window.__letGo = () => done(null); });
window.__restore = () => { window.createImageBitmap = open; };
"""


class RareStatesTests(AuditCase):
    expected_statuses = (401, 404, 422, 429, 500, 503, "net::ERR")

    def remove_all(self):
        self.service.behaviour.__init__(seconds_per_tile=0.15, restore=lambda _: self.sharp)
        self.browser.open("help.html", waits=False)
        self.browser.forget()
        self.browser.open()

    def bring(self, *paths):
        """Without waiting for what becomes of them."""
        self.browser.choose(*paths)
        self.browser.wait(lambda: self.browser.run("return document.body.dataset.state") not in ("empty", "opening"))

    def finish(self, path=None):
        self.choose(path)
        self.browser.click("#deblur")
        self.browser.wait_state("done")
        self.browser.wait(lambda: self.browser.is_shown("#toolbar") or self.browser.is_shown("#no-preview"))

    def walk(self):
        for part in (self.coming, self.waiting, self.ending, self.failing, self.shapes):
            part()
            self.remove_all()

    def coming(self):
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
        self.remove_all()
        self.choose(self.write("from-the-web.webp", pictures.encoded(pictures.scene(900, 600), "WEBP")))
        browser.click("#options-details summary")
        self.audit("22-converted")

    def waiting(self):
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
        self.remove_all()
        browser.open("#job=gone")
        browser.wait(lambda: browser.is_shown("#error"))
        self.audit("26-a-job-that-is-gone")

    def ending(self):
        browser, behaviour = self.browser, self.service.behaviour
        behaviour.exits, behaviour.restore = 0, None
        self.finish()
        self.audit("27-nothing-to-sharpen")
        self.remove_all()
        behaviour.deadline = "shallower=3, untouched=1"
        self.finish()
        self.audit("28-time-too-short")
        behaviour.refusals = [(500, "internal", "Something failed", "The service made a mistake.", {})]
        browser.run("""const slider = document.getElementById("strength");
            slider.value = 55; slider.dispatchEvent(new Event("input"))""")
        browser.click("#download")
        browser.wait(lambda: browser.is_shown("#complaint"))
        self.audit("29-download-failed")
        self.remove_all()
        behaviour.restore = lambda _: b"\xff\xd8\xff" + b"\0" * 2000
        behaviour.answer = lambda _: self.sharp[:600]
        self.finish()
        browser.wait(lambda: browser.is_shown("#no-preview"))
        self.audit("30-result-cannot-be-shown")

    def failing(self):
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

    def shapes(self):
        browser = self.browser
        shapes = {"35-portrait": (600, 1100), "36-panorama": (2400, 300), "37-tiny": (24, 18)}
        for state, size in shapes.items():
            whole = pictures.scene(max(64, size[0]), max(64, size[1]))
            result = pictures.encoded(whole.resize(size))
            self.service.behaviour.restore = lambda _, result=result: result
            soft = pictures.encoded(pictures.blurred(whole, 25).resize(size))
            self.finish(self.write(f"{state}.jpg", soft))
            self.audit(state)
            self.remove_all()
        flat = pictures.encoded(Image.new("RGB", (900, 600), "white"))
        self.service.behaviour.restore = lambda _: flat
        self.finish(self.write("white.jpg", flat))
        self.audit("38-white")
        browser.run(BRING, "paste", [["image.png", "image/png", base64.b64encode(
            pictures.encoded(pictures.scene(300, 200), "PNG")).decode()]])
        browser.wait(lambda: self.states() == ["done", "ready"])
        self.audit("39-two")

    def test_wide_and_light(self):
        self.in_look("wide", False)

    def test_phone_and_dark(self):
        self.in_look("phone", True)

    # What the rules look at depends on size and colours apart.
    @unittest.skipUnless(SHOTS, "only for its pictures")
    def test_wide_and_dark(self):
        self.in_look("wide", True)

    @unittest.skipUnless(SHOTS, "only for its pictures")
    def test_phone_and_light(self):
        self.in_look("phone", False)


if __name__ == "__main__":
    unittest.main()
