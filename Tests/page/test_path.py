"""The way from a photo to its sharp version. Also asked of a real service."""

import unittest

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import pictures
from page_case import REAL_URL, PageCase


class PathTests(PageCase):
    against_real = True

    def test_upload_to_slider(self):
        self.deblur()
        browser = self.browser
        self.assertTrue(browser.is_shown("#divider"))
        self.assertEqual(browser.find("#divider").get_attribute("aria-valuenow"), "50")
        self.assertIn("street.jpg", browser.text("#file-name"))
        self.assertIn(browser.text("#outcome-text"), ("Sharpened.", "Nothing to sharpen was found."))
        self.assertFalse(browser.is_shown("#strip"), "one photo needs no strip")

    def test_download_has_the_bytes_of_the_result(self):
        self.deblur()
        self.browser.click("#download")
        content = self.downloaded("street-sharp.jpg").read_bytes()
        self.assertEqual(content[:2], b"\xff\xd8")
        if not REAL_URL:
            self.assertEqual(content, self.sharp)

    def test_the_sample(self):
        self.browser.click("#sample")
        self.browser.wait_state("ready")
        self.assertEqual(self.browser.text("#file-name"), "sample-coffee.jpg")
        self.assertIn("600 × 400", self.browser.text("#file-facts"))

    def test_divider_shows_before_left_and_after_right(self):
        self.deblur()
        x, y = self.differing_point()
        seen = {}
        for key, name in ((Keys.HOME, "after"), (Keys.END, "before")):
            self.browser.find("#divider").send_keys(key)
            self.browser.wait_drawn()
            seen[name] = self.browser.pixel(x, y)
        self.assertNotEqual(seen["before"], seen["after"])
        self.browser.find("#divider").send_keys(Keys.HOME)
        self.browser.wait(lambda: self.browser.pixel(x, y) == seen["after"])

    def differing_point(self):
        """A point of the stage at which before and after differ most, found by looking at both."""
        script = """const c = document.getElementById("canvas");
            return [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 1)"""
        views = []
        for key in (Keys.HOME, Keys.END):
            self.browser.find("#divider").send_keys(key)
            self.browser.wait_drawn()
            views.append(self.browser.run(script))
        best = max(range(0, len(views[0]), 7), key=lambda index: abs(views[0][index] - views[1][index]))
        width = self.browser.run("return document.getElementById('canvas').width")
        return best % width, best // width

    def test_where_it_was_sharpened_with_a_legend(self):
        self.deblur()
        self.browser.click("#heat")
        self.assertEqual(self.browser.find("#heat").get_attribute("aria-pressed"), "true")
        tallies = [int(text.split()[0]) for text in self.tallies()]
        self.assertGreaterEqual(sum(tallies), 12, "each tile is in one level")
        self.browser.click("#heat")
        self.assertFalse(self.browser.is_shown("#legend"))

    def tallies(self):
        return self.browser.run(
            "return [...document.querySelectorAll('#legend-list .tally')].map((node) => node.textContent)")

    def test_dry_run_maps_the_blur(self):
        self.choose()
        self.browser.click("#assess")
        self.browser.wait(lambda: self.browser.text("#outcome-text"))
        self.assertEqual(self.browser.run("return document.body.dataset.state"), "ready")
        if not REAL_URL:
            self.assertIn("about 3 seconds", self.browser.text("#outcome-detail"))
            self.assertTrue(self.browser.is_shown("#legend"))
            self.assertEqual(len(self.tallies()), 6, "one level per class")

    def test_zoom_pan_and_fit(self):
        self.deblur()
        browser = self.browser
        fitted = browser.text("#zoom-value")
        browser.click("#zoom-full")
        self.assertEqual(browser.text("#zoom-value"), "100 %")
        point = (300, 300)
        browser.wait_drawn()
        before = browser.pixel(*point)
        stage = browser.find("#stage")
        ActionChains(browser.driver).move_to_element_with_offset(stage, -200, 60).click_and_hold().move_by_offset(
            -90, -130).release().perform()
        browser.wait(lambda: browser.pixel(*point) != before, message="a drag moves the zoomed photo")
        self.assertEqual(browser.find("#divider").get_attribute("aria-valuenow"), "50", "and leaves the divider alone")
        browser.click("#zoom-fit")
        self.assertEqual(browser.text("#zoom-value"), fitted)

    def test_drag_on_the_fitted_photo_moves_the_divider(self):
        self.deblur()
        stage = self.browser.find("#stage")
        drag = ActionChains(self.browser.driver).move_to_element(stage).click_and_hold()
        drag.move_by_offset(-150, 0).release().perform()
        self.assertLess(int(self.browser.find("#divider").get_attribute("aria-valuenow")), 45)

    def test_a_broken_photo_is_refused_in_words(self):
        self.expected_statuses = (400, 415, 422)
        self.browser.choose(self.write("broken.jpg", self.photo.read_bytes()[:20]))
        self.expect_error("This file cannot be read as a photo", "damaged or cut off")
        self.assertFalse(self.browser.is_shown("#retry"), "trying again changes nothing")
        if self.service:
            self.assertEqual(self.service.seen("POST", "/"), [], "it was not even sent")

    def test_sixteen_bits_stay(self):
        if self.service:
            self.service.behaviour.restore = None
        self.deblur(self.write("deep.png", pictures.deep_png()))
        self.assertIn("16 bit", self.browser.text("#file-facts"))
        self.assertIn("PNG, 16 bit", self.browser.text("#outcome-detail"))
        self.browser.click("#download")
        self.downloaded("deep-sharp.png")


if __name__ == "__main__":
    unittest.main()
