"""A headless Chromium that talks to the service under test only, and remembers what the page did wrong."""

import base64
import os
import pathlib
import shutil
import tempfile
import urllib.parse

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

# How long a test waits for what must come, in seconds. It costs time only where it never comes; a machine that is busy with other
# work has been seen to take ten times as long as a quiet one.
PATIENCE = 90

# Runs in every document before the page: violations of its policy, and object URLs that were never revoked.
WATCH = """
window.__violations = [];
addEventListener("securitypolicyviolation", (event) =>
    window.__violations.push(`${event.violatedDirective}: ${event.blockedURI || event.sample}`));
window.__urls = new Set();
const create = URL.createObjectURL.bind(URL), revoke = URL.revokeObjectURL.bind(URL);
URL.createObjectURL = (value) => { const url = create(value); window.__urls.add(url); return url; };
URL.revokeObjectURL = (url) => { window.__urls.delete(url); revoke(url); };
window.__largest = 0;
const bitmap = window.createImageBitmap.bind(window);
window.__decodes = 0;
window.__decodesAtOnce = 0;
window.createImageBitmap = async (...rest) => {
    window.__decodes += 1;
    window.__decodesAtOnce = Math.max(window.__decodesAtOnce, window.__decodes);
    try {
        const made = await bitmap(...rest);
        window.__largest = Math.max(window.__largest, made.width * made.height);
        return made;
    } finally {
        window.__decodes -= 1;
    }
};
"""


def chromium_paths():
    """Chromium and its driver, or None where they are missing."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    driver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    def __init__(self, url, size=(1280, 860), dark=False, still=True, touch=False, languages="en", profile=None):
        self.url = url
        binary, driver = chromium_paths()
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        host = urllib.parse.urlsplit(url).hostname
        for argument in ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio",
                         "--disable-background-networking", "--disable-component-update", "--disable-sync",
                         "--disable-extensions", "--disable-features=Translate,OptimizationHints,MediaRouter",
                         f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {host}",
                         f"--window-size={size[0]},{size[1]}"]:
            options.add_argument(argument)
        if os.getuid() == 0:
            options.add_argument("--no-sandbox")
        if still:
            options.add_argument("--force-prefers-reduced-motion")
        self.downloads = tempfile.mkdtemp(prefix="deblur-page-")
        options.add_experimental_option("prefs", {
            "download.default_directory": self.downloads, "intl.accept_languages": languages})
        if profile:
            options.add_argument(f"--user-data-dir={profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # The driver is named, so that Selenium does not look for one on the network.
        self.driver = webdriver.Chrome(options=options, service=Service(executable_path=driver))
        self.driver.set_script_timeout(PATIENCE)
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        self.emulate(size, dark, touch)

    def emulate(self, size, dark=False, touch=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 2 if touch else 1, "mobile": touch})
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def open(self, path="", waits=True):
        # A new document even where only the fragment differs.
        self.driver.get("about:blank")
        self.driver.get(self.url + path)
        if waits:
            self.wait_ready()

    def forget(self):
        """All that the page has kept; the page is left."""
        if self.driver.current_url.startswith(self.url):
            self.run("sessionStorage.clear(); localStorage.clear()")
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {
            "origin": self.url, "storageTypes": "indexeddb,local_storage"})

    def wait_ready(self):
        """Until the page has its words, and the photos of before."""
        self.wait(lambda: self.run("return document.body?.dataset.isReady !== undefined"))

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def is_shown(self, selector):
        return self.find(selector).is_displayed()

    def click(self, selector):
        self.find(selector).click()

    def wait(self, condition, seconds=PATIENCE, message=""):
        return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(lambda _: condition(), message)

    def wait_state(self, state, seconds=PATIENCE):
        self.wait(lambda: self.run("return document.body.dataset.state") == state, seconds,
                  f"state never became {state}")

    def wait_drawn(self):
        """Until frames have been drawn of all that was asked for so far."""
        self.driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(arguments[0])))")

    def kept(self):
        """The states of the photos that the browser keeps, and how many blobs (photos, thumbnails, results) lie beside them."""
        states, blobs = self.driver.execute_async_script("""const done = arguments[0];
            indexedDB.open("deblur", 2).onsuccess = ({ target: { result } }) => {
                const stores = result.transaction(["items", "blobs"]);
                const items = stores.objectStore("items").getAll(), blobs = stores.objectStore("blobs").count();
                stores.oncomplete = () => {
                    result.close();
                    done([items.result.map((item) => item.state), blobs.result]);
                };
            }""")
        return states, blobs

    def choose(self, *paths):
        self.find("#file").send_keys("\n".join(str(path) for path in paths))

    def pixel(self, x, y):
        """The canvas's colour at a point, in CSS pixels."""
        return self.run("""const c = document.getElementById("canvas");
            const [x, y] = [...arguments].map((value) => Math.round(value * devicePixelRatio));
            return [...c.getContext("2d").getImageData(x, y, 1, 1).data]""", x, y)

    def complaints(self, expected_statuses=()):
        """Violations of the policy, and what the browser logged as errors, without refusals that a test provokes."""
        logged = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        expected = tuple(f"status of {status}" for status in expected_statuses)
        return self.run("return window.__violations") + [m for m in logged if not any(e in m for e in expected)]

    def shot_of_all(self, path):
        """Also of what would have to be scrolled to."""
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    def wait_download(self, name, seconds=PATIENCE):
        """The path of a file that was saved: the browser first makes it empty, and moves the whole of it there at the end."""
        path = pathlib.Path(self.downloads, name)
        self.wait(lambda: path.exists() and path.stat().st_size > 0, seconds, f"{name} was not downloaded")
        return path

    def quit(self):
        self.driver.quit()
        shutil.rmtree(self.downloads, ignore_errors=True)
