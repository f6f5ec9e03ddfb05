"""What the test cases share: one browser for all of a file, a service of its own or a real one, pictures on disk."""

import atexit
import functools
import os
import pathlib
import shutil
import tempfile
import unittest
import urllib.parse

import pictures
from browser import PATIENCE, Browser, chromium_paths
from fake_service import Behaviour, FakeService

REAL_URL = os.environ.get("DEBLUR_URL")


@functools.cache
def shared_browser(host, still, languages):
    """A browser for all classes that ask for the same; each class has an origin of its own."""
    browser = Browser(f"http://{host}/", still=still, languages=languages)
    atexit.register(browser.quit)
    return browser


class PageCase(unittest.TestCase):
    """`against_real`: whether the class can be asked of a real service too."""

    against_real = False
    size, touch, still, languages = (1280, 860), False, True, "en"
    # Statuses that a test provokes: the browser logs each as an error.
    expected_statuses = ()

    @classmethod
    def setUpClass(cls):
        if chromium_paths() is None:
            raise unittest.SkipTest("Chromium and chromedriver are not installed")
        if REAL_URL and not cls.against_real:
            raise unittest.SkipTest("needs the fake service: a real one cannot be made to misbehave")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="deblur-pictures-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        sharp = pictures.scene()
        cls.sharp = pictures.encoded(sharp)
        cls.photo = cls.write("street.jpg", pictures.encoded(pictures.blurred(sharp, 40)))
        cls.service = None if REAL_URL else FakeService(file_seconds=600)
        if cls.service:
            cls.addClassCleanup(cls.service.stop)
        url = REAL_URL.rstrip("/") + "/" if REAL_URL else cls.service.url
        cls.browser = shared_browser(urllib.parse.urlsplit(url).netloc if REAL_URL else "127.0.0.1", cls.still, cls.languages)
        cls.browser.url = url

    @classmethod
    def write(cls, name, content):
        path = cls.folder / name
        path.write_bytes(content)
        return path

    def setUp(self):
        if self.service:
            self.service.behaviour = Behaviour(restore=lambda _: self.sharp)
            self.service.requests.clear()
            self.service.jobs.clear()
        self.browser.emulate(self.size, touch=self.touch)
        self.browser.forget()
        self.browser.driver.get_log("browser")
        key = os.environ.get("DEBLUR_API_KEY")
        if REAL_URL and key:
            self.browser.open("help.html", waits=False)
            self.browser.run("sessionStorage.setItem('deblur-key', arguments[0])", key)
        self.browser.open()

    def tearDown(self):
        self.assertEqual(self.browser.complaints(self.expected_statuses), [], "policy violated, or errors logged")

    def choose(self, *paths):
        self.browser.choose(*[path or self.photo for path in paths or [None]])
        self.browser.wait_state("ready")
        # The strip comes with the first photo, a moment later than the rest of the page.
        self.browser.wait(lambda: self.states() and "opening" not in self.states())

    def states(self):
        """Of all photos, in order."""
        return self.browser.run("return [...document.querySelectorAll('.cell')].map((cell) => cell.dataset.state)")

    def wait_states(self, *states, seconds=PATIENCE):
        self.browser.wait(lambda: self.states() == list(states), seconds, f"never became {states}")

    def deblur(self, path=None, seconds=PATIENCE):
        self.choose(path)
        self.browser.click("#deblur")
        self.browser.wait_state("done", seconds)
        # Its pixels are decoded a little later.
        self.browser.wait(lambda: self.browser.is_shown("#compare"), message="the result was not shown")

    def several(self, count):
        """Small photos, each different."""
        paths = []
        for index in range(count):
            picture = pictures.blurred(pictures.scene(500, 300, seed=index), 20)
            paths.append(self.write(f"photo-{index}.jpg", pictures.encoded(picture)))
        return paths

    def downloaded(self, name, seconds=PATIENCE):
        path = self.browser.wait_download(name, seconds)
        self.addCleanup(path.unlink, True)
        return path

    def expect_error(self, title, detail=""):
        self.browser.wait(lambda: self.browser.is_shown("#error"), message="no error was shown")
        self.assertEqual(self.browser.text("#error-title"), title)
        self.assertIn(detail, self.browser.text("#error-detail"))
