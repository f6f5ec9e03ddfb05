"""Comparing: what the stage shows of before and after, and what the strength's slider makes of them."""

import contextlib
import itertools
import unittest

from PIL import Image
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import pictures
from page_case import PageCase


class CompareCase(PageCase):
    """A flat photo that comes back in another colour: every mix can be computed."""

    before, after = (40, 90, 200), (200, 30, 60)

    def setUp(self):
        super().setUp()
        self.flat = self.write("flat.png", pictures.encoded(Image.new("RGB", (900, 700), self.before), "PNG"))
        result = pictures.encoded(Image.new("RGB", (900, 700), self.after), "PNG")
        self.service.behaviour.restore = lambda _: result

    def set_strength(self, percent):
        self.browser.run("""const slider = document.getElementById("strength");
            slider.value = arguments[0];
            for (const type of ["input", "change"]) slider.dispatchEvent(new Event(type))""", percent)

    def stage(self):
        return self.browser.run("const c = document.getElementById('canvas'); return [c.clientWidth, c.clientHeight]")

    def at(self, across, down=0.5):
        width, height = self.stage()
        return self.browser.pixel(width * across, height * down)[:3]

    def assert_colour(self, across, expected):
        """What is drawn there becomes that colour, and stays it."""
        def is_expected():
            return all(abs(a - b) <= 1 for a, b in zip(self.at(across), expected))
        with contextlib.suppress(TimeoutException):
            self.browser.wait(is_expected)
            self.browser.wait_drawn()
        self.assertTrue(is_expected(), f"{self.at(across)} is not {expected}")


class StrengthTests(CompareCase):
    def test_the_picture_follows_the_slider_without_a_request(self):
        self.deblur(self.flat)
        self.service.requests.clear()
        for percent in (0, 25, 50, 77, 100):
            with self.subTest(strength=percent):
                self.set_strength(percent)
                mixed = [b + (a - b) * percent / 100 for b, a in zip(self.before, self.after)]
                self.assert_colour(0.7, mixed)
                self.assert_colour(0.3, self.before)
        self.assertEqual(self.service.seen("POST", "/") + self.service.seen("GET", "/jobs"), [])

    def test_half_transparent_pixels_are_mixed_too(self):
        clear = pictures.encoded(Image.new("RGBA", (900, 700), (*self.before, 128)), "PNG")
        result = pictures.encoded(Image.new("RGBA", (900, 700), (*self.after, 128)), "PNG")
        self.service.behaviour.restore = lambda _: result
        self.deblur(self.write("clear.png", clear))
        self.set_strength(50)
        mixed = [(b + a) / 2 for b, a in zip(self.before, self.after)]
        width, height = self.stage()
        pixel = lambda: self.browser.pixel(width * 0.7, height / 2)
        # A colour of half opacity comes back from the canvas in steps of two.
        self.browser.wait(lambda: all(abs(a - b) <= 2 for a, b in zip(pixel(), mixed)))
        self.assertAlmostEqual(pixel()[3], 128, delta=1)

    def test_the_download_is_made_of_the_same_strength(self):
        full, half = (pictures.encoded(Image.new("RGB", (90, 70), colour), "PNG") for colour in ((1, 2, 3), (4, 5, 6)))
        self.service.behaviour.answer = lambda query: half if query.get("strength") == "0.5" else full
        self.deblur(self.flat)
        self.set_strength(50)
        self.assertEqual(self.browser.text("#download"), "Download at 50 %")
        self.browser.click("#download")
        self.assertEqual(self.downloaded("flat-sharp.png").read_bytes(), half)
        posts = len(self.service.seen("POST", "/deblur"))
        self.browser.click("#download")
        self.downloaded("flat-sharp (1).png")
        self.assertEqual(len(self.service.seen("POST", "/deblur")), posts, "made once")
        self.set_strength(100)
        self.assertEqual(self.browser.text("#download"), "Download")

    def test_each_photo_has_its_own_strength_until_it_is_used_for_all(self):
        self.choose(self.flat, *self.several(2))
        self.browser.click("#deblur")
        self.wait_states("done", "done", "done")
        self.set_strength(30)
        select = lambda index: self.browser.run("document.querySelectorAll('.cell')[arguments[0]].click()", index)
        select(1)
        self.assertEqual(self.browser.text("#strength-value"), "100 %")
        select(0)
        self.assertEqual(self.browser.text("#strength-value"), "30 %")
        self.browser.click("#strength-all")
        select(2)
        self.assertEqual(self.browser.text("#strength-value"), "30 %")
        self.browser.driver.refresh()
        self.browser.wait_ready()
        self.assertEqual(self.browser.text("#strength-value"), "30 %", "it is kept")


class WaysTests(CompareCase):
    def test_the_original_for_as_long_as_it_is_held(self):
        self.deblur(self.flat)
        self.assert_colour(0.7, self.after)
        button = self.browser.find("#original")
        held = ActionChains(self.browser.driver).click_and_hold(button)
        held.perform()
        self.assert_colour(0.7, self.before)
        self.assertFalse(self.browser.is_shown("#divider"))
        ActionChains(self.browser.driver).release().perform()
        self.assert_colour(0.7, self.after)
        for key, focus in (("o", "#stage"), (Keys.ENTER, "#original")):
            with self.subTest(key=key):
                self.browser.run("document.querySelector(arguments[0]).focus()", focus)
                ActionChains(self.browser.driver).key_down(key).perform()
                self.assert_colour(0.7, self.before)
                ActionChains(self.browser.driver).key_up(key).perform()
                self.assert_colour(0.7, self.after)

    def test_side_by_side(self):
        self.deblur(self.flat)
        self.browser.wait(lambda: self.browser.is_shown("#side"))
        self.browser.click("#side")
        self.assertEqual(self.browser.find("#side").get_attribute("aria-pressed"), "true")
        self.assertFalse(self.browser.is_shown("#divider"))
        for across, colour in ((0.1, self.before), (0.4, self.before), (0.6, self.after), (0.9, self.after)):
            self.assert_colour(across, colour)
        self.browser.run("document.getElementById('stage').focus()")
        ActionChains(self.browser.driver).send_keys("s").perform()
        self.assertTrue(self.browser.is_shown("#divider"))

    def test_both_sides_move_together(self):
        stripes = Image.new("RGB", (900, 700), (250, 250, 250))
        stripes.paste((10, 10, 10), (450, 0, 900, 700))
        content = pictures.encoded(stripes, "PNG")
        self.service.behaviour.restore = lambda _: content
        self.deblur(self.write("stripes.png", content))
        self.browser.wait(lambda: self.browser.is_shown("#side"))
        self.browser.click("#side")
        self.browser.click("#zoom-full")
        stage = self.browser.find("#stage")
        width, _ = self.stage()
        drag = ActionChains(self.browser.driver).move_to_element_with_offset(stage, int(width / 4), 0)
        drag.click_and_hold().move_by_offset(60, 0).release().perform()
        self.browser.wait_drawn()
        edges = self.browser.run("""const c = document.getElementById("canvas"), y = c.height >> 1;
            const d = c.getContext("2d").getImageData(0, y, c.width, 1).data, found = [];
            for (let x = 1; x < c.width; x += 1) if (d[4 * x - 4] > 200 && d[4 * x] < 50) found.push(x);
            return found""")
        self.assertEqual(len(edges), 2, "each side shows the edge")
        self.assertAlmostEqual(edges[1] - edges[0], (width + 3) / 2, delta=1)

    def test_the_loupe_shows_two_pixels_for_one(self):
        """A photo of columns one pixel wide, far too many for the stage: in the loupe each is two pixels wide."""
        columns = Image.new("RGB", (2800, 2000), (0, 0, 0))
        for x in range(0, 2800, 2):
            columns.paste((255, 255, 255), (x, 0, x + 1, 2000))
        content = pictures.encoded(columns, "PNG")
        self.service.behaviour.restore = lambda _: content
        self.service.behaviour.seconds_per_tile = 0.005
        self.deblur(self.write("columns.png", content))
        self.browser.wait(lambda: self.browser.is_shown("#loupe"))
        self.browser.click("#loupe")
        stage = self.browser.find("#stage")
        ActionChains(self.browser.driver).move_to_element_with_offset(stage, 5, 80).perform()
        width, height = self.stage()
        row = """const c = document.getElementById("canvas");
            const d = c.getContext("2d").getImageData(c.width / 2 - 120, c.height / 2 + 80 - 100, 80, 1).data;
            return [...d].filter((_, index) => index % 4 === 0)"""

        def widths():
            """Of the columns that lie in the row with both their edges."""
            values = self.browser.run(row)
            runs = [len(list(run)) for _, run in itertools.groupby(values, lambda value: value > 127)]
            return set(runs[1:-1]) if max(values) > 200 and min(values) < 50 else set()

        # The preview is enlarged until the photo itself has been decoded.
        self.browser.wait(lambda: widths() == {2}, message="it never became sharp")
        self.browser.wait_drawn()
        self.assertEqual(widths(), {2})

    def test_the_loupe_stays_on_the_photo(self):
        """Its panes show nothing but their ground where the photo ends: at its edge at most half of each, in a smaller window nothing."""
        self.deblur()
        self.browser.click("#loupe")
        empty = """const c = document.getElementById("canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            let found = 0;
            for (let i = 0; i < d.length; i += 4) found += d[i] === 58 && d[i + 1] === 58 && d[i + 2] === 56;
            return found / devicePixelRatio ** 2"""
        self.browser.wait_drawn()
        self.assertEqual(self.browser.run(empty), 0)
        self.browser.emulate((390, 844))
        self.browser.wait_drawn()
        self.assertEqual(self.browser.run(empty), 0)
        self.browser.emulate((1280, 860))
        stage = self.browser.find("#stage")
        width, height = self.stage()
        ActionChains(self.browser.driver).move_to_element_with_offset(stage, 2 - width // 2, 0).perform()
        self.browser.wait_drawn()
        self.assertLessEqual(self.browser.run(empty), 150 * 150 + 300)

    def test_zoom_and_place_stay_between_photos(self):
        self.choose(*self.several(2))
        self.browser.click("#zoom-full")
        self.browser.click("#zoom-in")
        self.browser.click("#zoom-in")
        zoom = self.browser.text("#zoom-value")
        self.assertEqual(zoom, "225 %")
        self.browser.run("document.querySelectorAll('.cell')[1].click()")
        self.browser.wait(lambda: self.browser.text("#file-name") == "photo-1.jpg")
        self.browser.wait_drawn()
        self.assertEqual(self.browser.text("#zoom-value"), zoom)
        self.browser.click("#zoom-fit")
        fitted = self.browser.text("#zoom-value")
        self.browser.run("document.querySelectorAll('.cell')[0].click()")
        self.browser.wait(lambda: self.browser.text("#file-name") == "photo-0.jpg")
        self.browser.wait_drawn()
        self.assertEqual(self.browser.text("#zoom-value"), fitted)


if __name__ == "__main__":
    unittest.main()
