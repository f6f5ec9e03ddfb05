"""Several photos: one after the other, each with its own end, kept until they are removed."""

import shutil
import tempfile
import time
import zipfile

from selenium.webdriver.common.keys import Keys

import pictures
from browser import Browser
from page_case import PageCase


class StripTests(PageCase):
    expected_statuses = (404, 410, 422, 429)

    def cells(self):
        return self.browser.run("""return [...document.querySelectorAll(".cell")].map((cell) =>
            [cell.querySelector(".name").textContent, cell.querySelector(".state").textContent])""")

    def select(self, index):
        self.browser.run("document.querySelectorAll('.cell')[arguments[0]].click()", index)

    def test_each_photo_is_worked_on_and_none_stops_another(self):
        self.service.behaviour.restore = None
        good = self.several(3)
        broken = self.write("broken.jpg", good[0].read_bytes()[:20])
        self.choose(good[0], broken, good[1], good[2])
        self.assertEqual(self.cells()[1], ["broken.jpg", "Failed"])
        self.assertEqual(self.browser.text("#deblur"), "Deblur 3 photos")
        self.browser.click("#deblur")
        self.wait_states("done", "failed", "done", "done")
        self.assertEqual(len(self.service.seen("POST", "/deblur")), 3)
        self.assertIn("3 of 4 done · 1 failed", self.browser.text("#strip-text"))
        self.assertEqual(self.browser.text("#problems-title"), "1 photo could not be deblurred")
        self.assertIn("broken.jpg\nThis file cannot be read as a photo", self.browser.text("#problems-list"))

    def test_no_more_than_two_are_with_the_service(self):
        self.service.behaviour.seconds_per_tile = 0.3
        self.choose(*self.several(5))
        self.browser.click("#deblur")
        most = 0
        while "waiting" in self.states() or any(not job.is_final for job in self.service.jobs.values()):
            most = max(most, sum(not job.is_final for job in self.service.jobs.values()))
            time.sleep(0.02)
        self.assertEqual(most, 2, "one is worked on, the next one waits there")
        self.wait_states(*["done"] * 5)

    def test_a_busy_service_stops_nothing(self):
        self.service.behaviour.refusals = [(429, "queue_full", "x", "Busy.", {"Retry_After": "2"})] * 2
        self.choose(*self.several(3))
        self.browser.click("#deblur")
        self.browser.wait(lambda: "The service is busy. Trying again in" in self.browser.text("#strip-text"))
        self.wait_states(*["done"] * 3)

    def test_photos_that_come_during_the_work_join_the_strip(self):
        self.service.behaviour.stops_after = 1
        paths = self.several(3)
        self.choose(*paths[:2])
        self.browser.click("#deblur")
        self.browser.choose(paths[2])
        self.browser.wait(lambda: len(self.states()) == 3 and self.states()[2] == "ready")
        self.service.behaviour.stops_after = None
        self.assertEqual(self.browser.text("#strip-deblur"), "Deblur 1 photo")
        self.browser.click("#strip-deblur")
        self.wait_states(*["done"] * 3)

    def test_only_one_of_them(self):
        self.choose(*self.several(3))
        self.select(1)
        self.browser.click("#only")
        self.wait_states("ready", "done", "ready")

    def test_stop_all(self):
        self.service.behaviour.stops_after = 1
        self.choose(*self.several(4))
        self.browser.click("#deblur")
        self.browser.wait(lambda: "running" in self.states())
        self.browser.click("#stop-all")
        self.wait_states(*["ready"] * 4)
        self.browser.wait(lambda: all(job.state == "cancelled" for job in self.service.jobs.values()))

    def test_the_zip_has_each_result_under_a_name_of_its_own(self):
        self.service.behaviour.restore = None
        first, second = self.several(2)
        (self.folder / "other").mkdir(exist_ok=True)
        twin = self.folder / "other" / "PHOTO-0.JPG"
        twin.write_bytes(second.read_bytes())
        strange = self.write("ü & 日本.jpg", second.read_bytes())
        self.choose(first, second, twin, strange)
        self.browser.click("#deblur")
        self.wait_states(*["done"] * 4)
        self.assertEqual(self.browser.text("#download-all"), "Download all 4 as zip")
        self.browser.click("#download-all")
        with zipfile.ZipFile(self.downloaded("deblur.zip")) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.namelist(), ["photo-0-sharp.jpg", "photo-1-sharp.jpg", "PHOTO-0-sharp-2.JPG",
                                                  "ü & 日本-sharp.jpg"])
            self.assertEqual(archive.read("photo-0-sharp.jpg"), first.read_bytes())

    def test_the_keyboard(self):
        self.choose(*self.several(4))
        selected = lambda: self.browser.run(
            "return [...document.querySelectorAll('.cell')].findIndex((cell) => cell.ariaSelected === 'true')")
        self.browser.find(".cell[aria-selected=true]").send_keys(Keys.ARROW_RIGHT)
        self.assertEqual(selected(), 1)
        self.browser.driver.switch_to.active_element.send_keys(Keys.END)
        self.assertEqual(selected(), 3)
        self.browser.driver.switch_to.active_element.send_keys(Keys.DELETE)
        self.browser.wait(lambda: len(self.states()) == 3)
        self.assertEqual(selected(), 2)
        self.assertIn("cell", self.browser.run("return document.activeElement.className"), "the focus is not lost")

    def test_a_reload_brings_the_strip_back(self):
        self.service.behaviour.seconds_per_tile = 0.4
        paths = self.several(4)
        self.choose(*paths[:3])
        self.browser.click("#deblur")
        self.browser.wait(lambda: self.states()[0] == "done")
        self.browser.choose(paths[3])
        self.browser.wait(lambda: len(self.states()) == 4 and self.states()[3] == "ready")
        self.browser.driver.refresh()
        self.browser.wait_ready()
        self.assertEqual(self.states()[0], "done")
        self.wait_states("done", "done", "done", "ready")
        self.assertEqual([name for name, _ in self.cells()], [f"photo-{index}.jpg" for index in range(4)])
        self.assertEqual(len(self.service.seen("POST", "/deblur")), 3, "nothing was sent twice")
        self.browser.wait(lambda: self.browser.is_shown("#divider"), message="the first result is not shown")

    def test_removing_all_forgets_all(self):
        self.choose(*self.several(2))
        self.browser.click("#deblur")
        self.wait_states("done", "done")
        self.browser.click("#remove-all")
        self.browser.find("#remove-dialog button[value='']").click()
        self.assertEqual(len(self.states()), 2, "asked first")
        self.browser.click("#remove-all")
        self.browser.find("#remove-dialog button[value=remove]").click()
        self.browser.wait_state("empty")
        self.browser.wait(lambda: len(self.service.seen("DELETE", "/jobs/")) == 2,
                          message="the service still has the results")
        self.browser.wait(lambda: self.browser.kept() == ([], 0), message="the browser still has them")
        self.browser.driver.refresh()
        self.browser.wait_ready()
        self.assertEqual(self.states(), [])
        self.assertEqual(self.browser.run("return window.__urls.size"), 0)

    def test_another_tab_has_its_own_photos(self):
        paths = self.several(3)
        self.choose(*paths[:2])
        first = self.browser.driver.current_window_handle
        self.browser.driver.switch_to.new_window("tab")
        try:
            self.browser.driver.get(self.browser.url)
            self.browser.wait_ready()
            self.assertEqual(self.states(), [], "they are the first tab's")
            self.browser.choose(paths[2])
            self.browser.wait(lambda: self.browser.kept() == (["ready"] * 3, 6), message="not all photos were kept")
        finally:
            self.browser.driver.close()
            self.browser.driver.switch_to.window(first)
        self.assertEqual(len(self.states()), 2)
        # Photos of a tab that is closed come to one that waits for them: the one that was opened later.
        self.browser.driver.refresh()
        self.browser.wait_ready()
        self.wait_states("ready", "ready", "ready")

    def test_results_are_there_after_a_restart_of_the_browser(self):
        profile = tempfile.mkdtemp(prefix="deblur-profile-")
        self.addCleanup(shutil.rmtree, profile, True)
        paths = self.several(2)
        first = Browser(self.service.url, profile=profile)
        try:
            first.open()
            first.choose(*paths)
            first.wait(lambda: first.run("return document.querySelectorAll('.cell[data-state=ready]').length") == 2)
            first.click("#deblur")
            first.wait(lambda: first.run("return document.querySelectorAll('.cell[data-state=done]').length") == 2)
            first.wait(lambda: first.kept() == (["done"] * 2, 6), message="the results were not kept")
        finally:
            first.quit()
        self.service.requests.clear()
        again = Browser(self.service.url, profile=profile)
        try:
            again.open()
            again.wait(lambda: again.run("return document.querySelectorAll('.cell[data-state=done]').length") == 2)
            again.wait(lambda: again.is_shown("#divider"))
            self.assertEqual(self.service.seen("GET", "/jobs/"), [], "they come from the browser alone")
        finally:
            again.quit()


class ThumbnailTests(PageCase):
    """What the strip shows of a photo is its middle, whatever its shape, and a name that tells it from the others."""

    def test_long_names_differ_where_they_differ(self):
        names = [f"PXL_20260714_{index:03}.jpg" for index in range(3)]
        self.choose(*[self.write(name, path.read_bytes()) for name, path in zip(names, self.several(3))])
        shown = self.browser.run("return [...document.querySelectorAll('.cell .name')].map((node) => node.textContent)")
        self.assertEqual(shown, ["PXL_…000.jpg", "PXL_…001.jpg", "PXL_…002.jpg"])
        whole = self.browser.run("return [...document.querySelectorAll('.cell')].map((cell) => cell.title)")
        self.assertEqual(whole, names)
        cut = self.browser.run("""return [...document.querySelectorAll(".cell .name")]
            .filter((node) => node.scrollWidth > node.clientWidth).length""")
        self.assertEqual(cut, 0, "cut off at its end")

    def pictures_shown(self):
        return self.browser.run("return document.querySelectorAll('.frame img:not([hidden])').length")

    def test_a_photo_that_only_the_service_reads_gets_its_picture_from_the_result(self):
        self.choose(self.write("cut-off.jpg", self.sharp[:600]), *self.several(1))
        self.browser.wait(lambda: self.pictures_shown() == 1)
        self.browser.click("#deblur")
        self.wait_states("done", "done")
        self.browser.wait(lambda: self.pictures_shown() == 2)

    def test_thumbnails_of_odd_shapes(self):
        shapes = [(2000, 40), (40, 2000), (1, 1), (900, 600)]
        paths = [self.write(f"shape-{w}x{h}.png", pictures.encoded(pictures.scene(w, h) if min(w, h) > 30 else
                                                                  pictures.scene(64, 64).resize((w, h)), "PNG"))
                 for w, h in shapes]
        self.choose(*paths)
        self.browser.wait(lambda: self.pictures_shown() == len(shapes))
        sizes = self.browser.run("""return [...document.querySelectorAll(".frame img")]
            .map((image) => [image.naturalWidth, image.naturalHeight])""")
        for (width, height), size in zip(sizes, shapes):
            with self.subTest(shape=size):
                self.assertTrue(0 < width <= 241 and 0 < height <= 241)
