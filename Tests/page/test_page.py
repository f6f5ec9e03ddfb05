"""The page as a whole: its languages, its size, below a proxy's path, installed, sharing with other apps."""

import json
import unittest

from audit import AUDIT
from fake_service import FakeService
from page_case import PageCase


class LanguageCase(PageCase):
    def audit(self, state):
        self.assertEqual(self.browser.run(AUDIT), [], state)

    def walk(self):
        """Longer words than the English ones, on the narrowest screen, in the states with most of them."""
        self.browser.emulate((320, 640))
        self.browser.open()
        self.audit("empty")
        self.choose()
        self.browser.click("#options-details summary")
        self.audit("ready")
        self.browser.click("#deblur")
        self.browser.wait_state("done")
        self.browser.choose(*self.several(2))
        self.browser.wait(lambda: self.states() == ["done", "ready", "ready"])
        self.audit("done")


class GermanTests(LanguageCase):
    languages = "de-CH,de,en"

    def test_german(self):
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "de")
        self.assertEqual(self.browser.text("#choose"), "Fotos auswählen")
        self.assertEqual(self.browser.text("#limits"), "Bis zu 67 MB und 64 Megapixel je Foto.")
        self.walk()
        self.assertEqual(self.browser.text("#outcome-text"), "Geschärft.")
        self.assertIn("1,1 Megapixel", self.browser.text("#file-facts"))

    def test_only_its_own_texts_are_loaded(self):
        names = self.browser.run("""return performance.getEntriesByType("resource").map((entry) => entry.name)
            .filter((name) => name.includes("/texts/"))""")
        self.assertEqual([name.rsplit("/", 1)[1] for name in names], ["de.js"])

    def test_another_language_can_be_chosen(self):
        self.browser.find("#language").send_keys("English")
        self.browser.wait(lambda: self.browser.run("return document.documentElement.lang") == "en")
        self.browser.wait_ready()
        self.assertEqual(self.browser.text("#choose"), "Choose photos")
        self.browser.open("help.html", waits=False)
        # What the page has in its HTML is replaced: asked for anew each time.
        self.browser.wait(lambda: self.browser.run("return document.querySelectorAll('h3').length") > 4)
        self.assertEqual(self.browser.text("h2"), "Help")


class FrenchTests(LanguageCase):
    languages = "es,fr-FR,en"

    def test_french(self):
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "fr")
        self.walk()
        self.assertEqual(self.browser.text("#outcome-text"), "C’est net.")


class SizeTests(PageCase):
    def test_the_first_load(self):
        """All that is asked for until the page is ready, files and headers, without a cache."""
        self.browser.driver.execute_cdp_cmd("Network.enable", {})
        self.browser.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        self.browser.open()
        entries = self.browser.run("""return [...performance.getEntriesByType("navigation"),
            ...performance.getEntriesByType("resource")].map((entry) => [entry.name, entry.transferSize])""")
        self.browser.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": False})
        total = sum(size for _, size in entries)
        print(f"first load: {total} bytes in {len(entries)} answers", flush=True)
        self.assertGreater(len(entries), 20)
        self.assertLessEqual(total, 150_000, sorted(entries, key=lambda entry: -entry[1])[:10])


class InstalledTests(PageCase):
    def test_the_manifest(self):
        manifest = self.browser.driver.execute_async_script("""const done = arguments[0];
            const url = document.querySelector("link[rel=manifest]").href;
            fetch(url).then(async (answer) => done({ type: answer.headers.get("Content-Type"), ...await answer.json() }))""")
        self.assertEqual(manifest["type"], "application/manifest+json")
        self.assertEqual((manifest["start_url"], manifest["scope"]), ("./", "./"), "as seen from below a proxy's path")
        for icon in manifest["icons"]:
            with self.subTest(icon=icon["src"]):
                size = self.browser.driver.execute_async_script("""const [src, done] = arguments, image = new Image();
                    image.onload = () => done(`${image.naturalWidth}x${image.naturalHeight}`);
                    image.onerror = () => done("broken");
                    image.src = src""", icon["src"])
                self.assertIn(icon["sizes"], (size, "any"))
        errors = self.browser.driver.execute_cdp_cmd("Page.getAppManifest", {})["errors"]
        self.assertEqual(errors, [])

    def test_photos_that_other_apps_share(self):
        self.browser.driver.execute_async_script("""const done = arguments[0];
            const go = () => navigator.serviceWorker.controller ? done() : setTimeout(go, 50);
            navigator.serviceWorker.ready.then(go)""")
        self.service.requests.clear()
        paths = self.several(2)
        shared = json.dumps([[path.name, list(path.read_bytes())] for path in paths])
        kind = self.browser.driver.execute_async_script("""const [shared, done] = arguments, form = new FormData();
            for (const [name, bytes] of JSON.parse(shared)) {
                form.append("photos", new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
            }
            fetch("share", { method: "POST", body: form, redirect: "manual" }).then((answer) => done(answer.type))""",
            shared)
        self.assertEqual(kind, "opaqueredirect")
        self.assertEqual(self.service.seen("POST", "/share"), [], "it never left the browser")
        self.browser.open()
        self.wait_states("ready", "ready")
        self.browser.open()
        self.wait_states("ready", "ready")


class PrefixTests(PageCase):
    """Behind a proxy that serves it below a path of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service.stop()
        cls.service = FakeService(prefix="/tools/deblur")
        cls.addClassCleanup(cls.service.stop)
        cls.browser.url = cls.service.url

    def test_everything_stays_below_it(self):
        self.deblur()
        self.browser.click("#heat")
        self.browser.click("#download")
        self.downloaded("street-sharp.jpg")
        links = self.browser.run("return [...document.querySelectorAll('a[href]')].map((a) => new URL(a.href).pathname)")
        self.assertTrue(all(link.startswith("/tools/deblur/") for link in links), links)
        self.assertEqual(self.service.seen("OUTSIDE", ""), [])


if __name__ == "__main__":
    unittest.main()
