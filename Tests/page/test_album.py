"""An album of twenty photos against the service itself: what becomes of each, whatever happens to the service."""

import base64
import functools
import io
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.request
import zipfile

from PIL import Image, ImageChops

import pictures
import real_service
from browser import Browser, chromium_paths

JPEG = b"\xff\xd8"
# The blob that the page has kept of a photo, as base64.
KEPT = """
const [name, kind, done] = arguments;
const open = indexedDB.open("deblur", 2);
open.onsuccess = () => {
    const database = open.result;
    const items = database.transaction("items").objectStore("items").getAll();
    items.onsuccess = () => {
        const item = items.result.find((item) => item.name === name);
        const blob = database.transaction("blobs").objectStore("blobs").get(`${item.id}/${kind}`);
        blob.onsuccess = async () => {
            database.close();
            const bytes = new Uint8Array(await blob.result.arrayBuffer());
            let text = "";
            for (const byte of bytes) text += String.fromCharCode(byte);
            done(btoa(text));
        };
    };
};
"""


def album(folder):
    """Twenty files: sixteen ordinary ones, two of them with one name, a WebP; two broken ones, one too large."""
    paths = []

    def write(name, content):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        paths.append(path)

    for index in range(14):
        size = (230 + 8 * index, 280 - 6 * index)
        write(f"photo-{index:02}.jpg", pictures.encoded(pictures.blurred(pictures.scene(*size, seed=index), 25)))
    write("one/twice.jpg", pictures.encoded(pictures.blurred(pictures.scene(280, 200, seed=20), 25)))
    write("two/twice.jpg", pictures.encoded(pictures.blurred(pictures.scene(200, 280, seed=21), 25)))
    write("from-the-web.webp", pictures.encoded(pictures.blurred(pictures.scene(320, 240, seed=22), 25), "WEBP"))
    whole = pictures.encoded(pictures.blurred(pictures.scene(500, 400, seed=23), 25))
    write("no-header.jpg", whole[:20])
    write("cut-off.jpg", whole[: len(whole) // 3])
    write("too-large.jpg", pictures.encoded(pictures.scene(2400, 1000, seed=24)))
    return paths


@functools.cache
def restored(sources):
    """JPEG files of what `deblur image` makes of these; once for all tests, which use the same photos."""
    with tempfile.TemporaryDirectory(prefix="deblur-album-") as folder:
        photos, results = pathlib.Path(folder, "photos"), pathlib.Path(folder, "results")
        photos.mkdir()
        for index, content in enumerate(sources):
            (photos / f"{index:02}.{'jpg' if content[:2] == JPEG else 'png'}").write_bytes(content)
        real_service.restore(photos, results)
        for photo in photos.glob("*.png"):
            # The page asks for a JPEG, because a WebP is no PNG.
            real_service.restore(photo, (results / photo.name).with_suffix(".jpg"))
        return [path.read_bytes() for path in sorted(results.glob("*.jpg"))]


@unittest.skipIf(chromium_paths() is None, "Chromium and chromedriver are not installed")
@unittest.skipUnless(real_service.is_built(), "the service is not built")
class AlbumTests(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="deblur-album-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.paths = album(self.folder)
        self.assertEqual(len(self.paths), 20)

    def open(self, **settings):
        self.service = real_service.RealService("--max-pixels", "2MP", **settings)
        self.addCleanup(self.service.stop)
        self.browser = Browser(self.service.url)
        self.addCleanup(self.browser.quit)
        self.browser.open()

    def states(self):
        return self.browser.run("return [...document.querySelectorAll('.cell')].map((cell) => cell.dataset.state)")

    def start(self):
        self.browser.choose(*self.paths)
        self.browser.wait(lambda: len(self.states()) == 20 and "opening" not in self.states())
        self.browser.click("#deblur")

    def finish(self, seconds=180):
        self.browser.wait(lambda: set(self.states()) <= {"done", "failed"}, seconds,
                          f"some photos never ended: {self.states()}")
        self.assertEqual((self.states().count("done"), self.states().count("failed")), (17, 3))
        told = self.browser.run("""return [...document.querySelectorAll("#problems-list li")]
            .map((entry) => [entry.querySelector("button").textContent, entry.querySelector("span").textContent])""")
        self.assertEqual(dict(told), {
            "no-header.jpg": "This file cannot be read as a photo",
            "cut-off.jpg": "This file cannot be read as a photo", "too-large.jpg": "This photo is too large"})

    def test_seventeen_results_and_three_sentences(self):
        self.open()
        self.start()
        self.finish()
        self.check_zip()
        self.assertEqual(self.browser.complaints([422]), [])

    def test_a_service_that_is_killed_and_comes_back_with_its_jobs(self):
        self.killed_in_the_middle(keeps_jobs=True)

    def test_a_service_that_is_killed_and_has_lost_them(self):
        self.killed_in_the_middle(keeps_jobs=False)

    def killed_in_the_middle(self, keeps_jobs):
        self.open(keeps_jobs=keeps_jobs)
        self.start()
        self.browser.wait(lambda: self.states().count("done") >= 3)
        self.assertLess(self.states().count("done"), 14, "too late to be the middle")
        self.service.kill()
        time.sleep(1.5)
        self.service.start()
        self.finish()
        self.check_zip()

    def test_the_download_is_the_services_answer_at_that_strength(self):
        self.open()
        photo = self.paths[3]
        self.browser.choose(photo)
        self.browser.wait_state("ready")
        self.browser.click("#deblur")
        self.browser.wait_state("done")
        views = {}
        for percent in (0, 50, 100):
            self.browser.run("""const slider = document.getElementById("strength");
                slider.value = arguments[0];
                for (const type of ["input", "change"]) slider.dispatchEvent(new Event(type))""", percent)
            time.sleep(0.5)
            views[percent] = self.browser.run("""const c = document.getElementById("canvas");
                return [...c.getContext("2d").getImageData(c.width / 2 + 10, 40, c.width / 2 - 60, c.height - 150).data]""")
        self.assertNotEqual(views[0], views[100])
        furthest = max(abs(half - (none + full) / 2) for none, half, full in zip(views[0], views[50], views[100]))
        # Opacity comes in steps of 1/255, which is at most half a level; each of the two sums and what they are
        # compared with is rounded: half a level each.
        self.assertLessEqual(furthest, 2, "half the strength is not half way")
        self.browser.run("document.getElementById('strength').value = 50")
        self.browser.run("document.getElementById('strength').dispatchEvent(new Event('input'))")
        self.browser.click("#download")
        saved = self.browser.wait_download("photo-03-sharp.jpg")
        request = urllib.request.Request(self.service.url + "deblur?strength=0.5", photo.read_bytes(),
                                         {"Content-Type": "image/jpeg"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertEqual(saved.read_bytes(), answer.read())

    def check_zip(self):
        self.browser.click("#download-all")
        path = self.browser.wait_download("deblur.zip")
        if shutil.which("unzip"):
            subprocess.run(["unzip", "-tq", path], check=True, stdout=subprocess.DEVNULL)
        with zipfile.ZipFile(path) as archive:
            self.assertIsNone(archive.testzip())
            names = archive.namelist()
            self.assertEqual(len(names), 17)
            self.assertEqual(len({name.lower() for name in names}), 17, "a name twice")
            expected = [f"photo-{index:02}-sharp.jpg" for index in range(14)]
            self.assertEqual(names, expected + ["twice-sharp.jpg", "twice-sharp-2.jpg", "from-the-web-sharp.jpg"])
            for name, expected in zip(names, self.restored()):
                with self.subTest(photo=name):
                    self.assert_same_pixels(archive.read(name), expected)

    def restored(self):
        """What the command line makes of them; of a WebP, what it makes of the PNG that the page has made."""
        sources = [path.read_bytes() for path in self.paths[:17]]
        sources[16] = base64.b64decode(self.browser.driver.execute_async_script(KEPT, self.paths[16].name, "photo"))
        with Image.open(io.BytesIO(sources[16])) as image:
            self.assertEqual((image.format, image.size), ("PNG", (320, 240)))
        return restored(tuple(sources))

    def assert_same_pixels(self, one, other):
        with Image.open(io.BytesIO(one)) as a, Image.open(io.BytesIO(other)) as b:
            self.assertEqual(a.size, b.size)
            self.assertIsNone(ImageChops.difference(a.convert("RGB"), b.convert("RGB")).getbbox(), "pixels differ")


if __name__ == "__main__":
    unittest.main()
