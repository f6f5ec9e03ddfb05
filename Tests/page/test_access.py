"""Keyboard, screen readers, contrast, small screens: what can be checked by a program."""


from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from audit import AUDIT, AXE, AuditCase, axe_source
from page_case import PageCase


class AuditTests(AuditCase):
    """The states that every photo and every album goes through."""

    expected_statuses = (401, 429)

    def setUp(self):
        super().setUp()
        self.service.behaviour.restore = lambda body: self.sharp if len(body) > 100_000 else body

    def test_each_state(self):
        browser, behaviour = self.browser, self.service.behaviour
        self.audit("01-empty")
        self.choose()
        browser.click("#options-details summary")
        self.audit("02-ready")
        browser.click("#options-details summary")
        browser.click("#assess")
        browser.wait(lambda: browser.is_shown("#legend"))
        self.audit("03-assessed")
        self.service.behaviour.stops_after = 4
        browser.click("#deblur")
        browser.wait(lambda: browser.text("#status-detail").startswith("4 of 12"))
        self.audit("04-working")
        self.service.behaviour.stops_after = None
        browser.wait_state("done")
        browser.wait(lambda: browser.is_shown("#compare"))
        self.audit("05-done")
        browser.click("#heat")
        self.audit("06-where")
        browser.click("#heat")
        browser.run("""const slider = document.getElementById("strength");
            slider.value = 40; slider.dispatchEvent(new Event("input"))""")
        browser.click("#side")
        self.audit("07-side-by-side-weaker")
        browser.click("#side")
        browser.click("#loupe")
        self.audit("08-loupe")
        browser.click("#loupe")
        browser.choose(*self.several(7), self.write("broken.jpg", self.photo.read_bytes()[:20]))
        browser.wait(lambda: self.states() == ["done"] + ["ready"] * 7 + ["failed"])
        self.audit("09-album-ready")
        behaviour.refusals = [(429, "queue_full", "x", "Busy.", {"Retry_After": "60"})]
        browser.click("#strip-deblur")
        browser.wait(lambda: "The service is busy" in browser.text("#strip-text"))
        self.audit("10-busy-service")
        browser.run("document.querySelectorAll('.cell')[8].click()")
        self.audit("11-failed")
        browser.click("#remove-all")
        self.audit("12-remove-all")
        browser.find("#remove-dialog button[value='']").click()
        browser.click("#stop-all")
        browser.wait(lambda: self.states().count("ready") == 7)
        self.service.behaviour.stops_after = 1
        browser.click("#strip-deblur")
        browser.wait(lambda: "running" in self.states())
        self.audit("13-album-working")
        self.service.behaviour.stops_after = None
        browser.wait(lambda: self.states().count("done") == 8)
        browser.run("document.querySelectorAll('.cell')[2].click()")
        self.audit("14-album-done")
        behaviour.key = "right"
        browser.click("#options-details summary")
        browser.click("#again")
        browser.wait(lambda: browser.is_shown("#key-dialog"))
        self.audit("15-key")
        behaviour.key = None
        browser.find("#key").send_keys(Keys.ESCAPE)
        browser.open("help.html", waits=False)
        browser.wait(lambda: browser.run("return document.querySelectorAll('h3').length") > 4)
        self.audit("16-help")
        browser.open("api.html", waits=False)
        browser.wait(lambda: "openapi:" in browser.text("#contract"))
        self.audit("17-api")

    def test_the_audit_finds_what_is_wrong(self):
        self.browser.run("""document.body.append(document.createElement("button"));
            document.getElementById("model").style.color = "#bbbbbb";
            document.querySelector("h1 img").removeAttribute("alt")""")
        found = " ".join(self.browser.run(AUDIT))
        for rule in ("no name", "contrast", "image without alt"):
            self.assertIn(rule, found)
        self.browser.run(axe_source())
        found = " ".join(self.browser.driver.execute_async_script(AXE))
        for rule in ("button-name", "color-contrast", "image-alt"):
            self.assertIn(rule, found)

    def test_nothing_is_printed(self):
        self.choose()
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.assertEqual(self.browser.run("return getComputedStyle(document.body).display"), "none")
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    def test_enlarged_text(self):
        """200 % on a screen of 1280 pixels is a window of 640."""
        self.browser.emulate((640, 430))
        self.choose(*self.several(3))
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 640)
        self.browser.wait(lambda: self.browser.run("return document.activeElement.id") == "strip-deblur")
        for selector in ("#strip-deblur", "#add", "#remove"):
            self.browser.run("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", selector)
            self.assertTrue(self.browser.run("""const node = document.querySelector(arguments[0]);
                const { left, top, width, height } = node.getBoundingClientRect();
                return node.contains(document.elementFromPoint(left + width / 2, top + height / 2))""", selector), selector)


class KeyboardTests(PageCase):
    def keys(self, *keys):
        ActionChains(self.browser.driver).send_keys(*keys).perform()

    def focused(self):
        return self.browser.run("return document.activeElement.id || document.activeElement.className")

    def test_everything_without_a_mouse(self):
        self.browser.run("document.body.focus()")
        self.keys(Keys.TAB, Keys.TAB)
        self.assertEqual(self.focused(), "choose", "the theme's button, then the invitation")
        self.choose()
        self.assertEqual(self.focused(), "deblur")
        self.service.behaviour.stops_after = 1
        self.keys(Keys.ENTER)
        self.browser.wait(lambda: self.focused() == "cancel", message="the focus does not follow to Cancel")
        self.service.behaviour.stops_after = None
        self.browser.wait_state("done")
        self.assertEqual(self.focused(), "download")
        # Its pixels are decoded a little later.
        self.browser.wait(lambda: self.browser.is_shown("#compare"))
        order = []
        for _ in range(11):
            ActionChains(self.browser.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
            order.append(self.focused())
        self.assertEqual(order, ["strength", "original", "loupe", "side", "zoom-full", "zoom-fit", "zoom-in", "zoom-out",
                                 "divider", "stage", "theme"])

    def test_the_focus_is_never_lost(self):
        """What had it goes away: the next thing that can be done has it at once, whatever made it go."""
        wait, states = self.browser.wait, self.states
        focus = lambda selector: self.browser.run("document.querySelector(arguments[0]).focus()", selector)
        focus("#choose")
        self.choose(*self.several(3))
        self.assertEqual(self.focused(), "deblur")
        self.service.behaviour.stops_after = 1
        self.keys(Keys.ENTER)
        wait(lambda: "running" in states())
        self.assertEqual(self.focused(), "cancel")
        focus("#stop-all")
        self.keys(Keys.ENTER)
        wait(lambda: states() == ["ready"] * 3)
        self.assertEqual(self.focused(), "deblur")
        self.service.behaviour.stops_after = None
        self.keys(Keys.ENTER)
        wait(lambda: states() == ["done"] * 3)
        self.assertEqual(self.focused(), "download")
        focus("#remove-all")
        self.keys(Keys.ENTER, Keys.ESCAPE)
        self.assertEqual(self.focused(), "remove-all")
        focus(".cell[aria-selected=true]")
        self.keys(Keys.DELETE)
        wait(lambda: len(states()) == 2)
        self.assertEqual(self.focused(), "cell")
        # The strip goes with the last but one.
        self.keys(Keys.DELETE)
        wait(lambda: not self.browser.is_shown("#strip"))
        self.assertEqual(self.focused(), "download")
        focus("#remove")
        self.keys(Keys.ENTER)
        self.browser.wait_state("empty")
        self.assertEqual(self.focused(), "choose")

    def test_divider_keys(self):
        self.deblur()
        divider = self.browser.find("#divider")
        value = lambda: divider.get_attribute("aria-valuenow")
        for key, expected in ((Keys.ARROW_LEFT, "48"), (Keys.ARROW_UP, "50"), (Keys.PAGE_UP, "60"), (Keys.HOME, "0"),
                              (Keys.ARROW_LEFT, "0"), (Keys.END, "100"), (Keys.PAGE_DOWN, "90")):
            divider.send_keys(key)
            self.assertEqual(value(), expected)
        self.assertEqual(divider.get_attribute("aria-valuetext"), "90 % before, 10 % after")

    def test_stage_keys(self):
        self.deblur()
        stage = self.browser.find("#stage")
        fitted = self.browser.text("#zoom-value")
        stage.send_keys("1")
        self.assertEqual(self.browser.text("#zoom-value"), "100 %")
        stage.send_keys("+")
        self.assertEqual(self.browser.text("#zoom-value"), "125 %")
        picture = lambda: self.browser.run("return document.getElementById('canvas').toDataURL()")
        self.browser.wait_drawn()
        before = picture()
        stage.send_keys(Keys.ARROW_RIGHT)
        self.browser.wait(lambda: picture() != before, message="an arrow moved nothing")
        stage.send_keys("0")
        self.assertEqual(self.browser.text("#zoom-value"), fitted)

    def test_progress_is_told_to_screen_readers_now_and_then(self):
        self.browser.run("""window.__said = [];
            new MutationObserver(() => window.__said.push(document.getElementById("announcer").textContent))
                .observe(document.getElementById("announcer"), { childList: true })""")
        self.service.behaviour.stops_after = "queued"
        self.choose()
        self.browser.click("#deblur")
        for words, stops_after in (("Waiting", 1), ("Deblurring", 6), ("50 percent.", None), ("Sharpened.", None)):
            self.browser.wait(lambda: words in " ".join(self.browser.run("return window.__said")), message=f"{words} is never said")
            self.service.behaviour.stops_after = stops_after
        said = self.browser.run("return window.__said")
        text = " | ".join(said)
        self.assertIn("street.jpg is ready.", text)
        self.assertLess(len(said), 12, f"12 tiles must not be 12 interruptions: {text}")

    def test_theme_is_chosen_and_kept(self):
        button = self.browser.find("#theme")
        paper = lambda: self.browser.run("return getComputedStyle(document.body).backgroundColor")
        light = paper()
        button.click()
        self.assertEqual(button.get_attribute("aria-label"), "Theme: light")
        button.click()
        self.assertEqual(button.get_attribute("aria-label"), "Theme: dark")
        self.assertNotEqual(paper(), light)
        self.browser.open()
        self.assertNotEqual(paper(), light)


class PhoneTests(PageCase):
    size, touch = (390, 844), True

    def test_pinch_zooms_and_a_finger_moves_the_divider(self):
        self.deblur()
        fitted = self.browser.text("#zoom-value")
        touch = lambda kind, *points: self.browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {
            "type": kind, "touchPoints": [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]})
        middle = 300
        touch("touchStart", (195, middle))
        for x in (180, 160, 140, 120):
            touch("touchMove", (x, middle))
        touch("touchEnd")
        self.assertLess(int(self.browser.find("#divider").get_attribute("aria-valuenow")), 45)
        touch("touchStart", (180, middle), (210, middle))
        for spread in (30, 60, 90, 120):
            touch("touchMove", (180 - spread, middle), (210 + spread, middle))
        touch("touchEnd")
        self.assertGreater(int(self.browser.text("#zoom-value").split()[0]), 3 * int(fitted.split()[0]))

    def test_no_sideways_scrolling_and_the_photo_on_top(self):
        self.deblur()
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 390)
        self.assertLess(self.browser.run("return document.getElementById('stage').getBoundingClientRect().top"), 80)
        self.assertLess(self.browser.run("return document.getElementById('download').getBoundingClientRect().top"), 844,
                        "the download is in reach without scrolling")
