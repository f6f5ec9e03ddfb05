"""A photo of twelve megapixels under the pointer: no task takes long, and frames come as the screen wants them."""

import pathlib
import time
import unittest

from PIL import Image

import pictures
from page_case import PageCase

WATCH = """
window.__long = [];
window.__frames = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.__long.push(Math.round(entry.duration))))
    .observe({ type: "longtask" });
const step = (now) => { window.__frames.push(now); requestAnimationFrame(step); };
requestAnimationFrame(step);
"""


def others_share(seconds=2):
    """The share of all processors' time that is used while the page rests, by Linux' own count (proc(5), /proc/stat)."""
    def counts():
        numbers = [int(text) for text in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
        return sum(numbers), numbers[3] + numbers[4]
    before, idle = counts()
    time.sleep(seconds)
    after, idle_after = counts()
    return 1 - (idle_after - idle) / max(1, after - before)


class SpeedTests(PageCase):
    def open_large(self):
        picture = pictures.scene(1000, 750).resize((4000, 3000), Image.Resampling.BICUBIC)
        self.service.behaviour.restore = None
        self.service.behaviour.seconds_per_tile = 0.001
        self.deblur(self.write("large.jpg", pictures.encoded(picture)))
        self.browser.run(WATCH)

    def mouse(self, kind, x, y, **more):
        self.browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})

    def measure(self, name, act):
        """Does it, prints how the frames came; gives the median step in milliseconds and the long tasks."""
        time.sleep(1.5)
        self.browser.run("window.__long.length = window.__frames.length = 0")
        act()
        long, frames = self.browser.run("return [window.__long, window.__frames]")
        steps = sorted(b - a for a, b in zip(frames, frames[1:]))
        self.assertGreater(len(steps), 20)
        median = steps[len(steps) // 2]
        print(f"{name}: {len(steps)} frames, median {median:.1f} ms, 95 % below {steps[len(steps) * 95 // 100]:.1f} ms, "
              f"longest {steps[-1]:.1f} ms, long tasks {long}", flush=True)
        return median, long

    def assert_fluent(self, name, act):
        """Sixty frames a second and no task above 50 ms. What the page itself does is the same each time; on a machine
        that is busy with others any task may take long, so one undisturbed run of four is enough."""
        with self.subTest(what=name):
            for _ in range(4):
                median, long = self.measure(name, act)
                if median <= 17.5 and not long:
                    return
            if (share := others_share()) > 0.25:
                self.skipTest(f"the machine is busy with other work ({share:.0%} of its processors' time)")
            self.fail("never without long tasks at sixty frames a second")

    def drag(self, steps=90):
        self.mouse("mousePressed", 400, 400, button="left", clickCount=1)
        for step in range(steps):
            self.mouse("mouseMoved", 400 + 3 * (step % 60) - 90, 400 + 2 * (step % 45) - 45, button="left", buttons=1)
        self.mouse("mouseReleased", 400, 400, button="left", clickCount=1)

    def wheel(self):
        for step in range(90):
            self.mouse("mouseWheel", 400, 400, deltaX=0, deltaY=-40 if step % 60 < 30 else 40)

    def slide(self):
        left, top, width, height = self.browser.run("""const { left, top, width, height } =
            document.getElementById("strength").getBoundingClientRect(); return [left, top, width, height]""")
        y = top + height / 2
        self.mouse("mousePressed", left + width - 8, y, button="left", clickCount=1)
        for step in range(90):
            self.mouse("mouseMoved", left + width * (1 - (step % 45) / 50), y, button="left", buttons=1)
        self.mouse("mouseReleased", left + 20, y, button="left", clickCount=1)

    def test_nothing_stutters_under_the_pointer(self):
        self.open_large()
        self.assert_fluent("divider", self.drag)
        self.assert_fluent("strength", self.slide)
        self.assert_fluent("zoom", self.wheel)
        self.browser.click("#zoom-full")
        self.assert_fluent("photo", self.drag)


if __name__ == "__main__":
    unittest.main()
