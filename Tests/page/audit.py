"""What a program can say of a page that is seen: rules of our own, axe-core, and a picture for people to look at."""

import functools
import os
import pathlib
import time

import axe_playwright_python

from page_case import PageCase

# The rules that are broken, each as a line; checks what is visible now. After WCAG 2.2 AA and WAI-ARIA 1.2.
AUDIT = r"""
const found = [];
const visible = (node) => node.getClientRects().length && getComputedStyle(node).visibility !== "hidden";
const say = (rule, node) =>
    found.push(`${rule}: <${node.tagName.toLowerCase()} id="${node.id}" class="${node.className}">`);
const text = (ids) =>
    ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent.trim() ?? "").join(" ").trim();
const name = (node) => node.getAttribute("aria-label")?.trim()
    || (node.hasAttribute("aria-labelledby") && text(node.getAttribute("aria-labelledby")))
    || [...(node.labels ?? [])].map((label) => label.textContent.trim()).join(" ")
    || node.textContent.trim() || node.getAttribute("alt") || "";

if (!document.documentElement.lang) say("page without a language", document.documentElement);
if (document.querySelectorAll("h1").length !== 1) say("not exactly one h1", document.body);
if (document.querySelectorAll("main").length !== 1) say("not exactly one main", document.body);
const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
ids.filter((id, index) => ids.indexOf(id) !== index).forEach((id) => found.push(`id used twice: ${id}`));

for (const node of document.querySelectorAll("*")) {
    for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
        const value = node.getAttribute(attribute);
        for (const id of value?.split(/\s+/) ?? []) {
            if (!document.getElementById(id)) say(`${attribute} leads nowhere`, node);
        }
    }
    if (node.hasAttribute("style") && node.getAttribute("style").includes("url(")) say("outside resource", node);
    if (Number(node.getAttribute("tabindex")) > 0) say("tabindex above 0", node);
}
for (const image of document.querySelectorAll("img")) if (!image.hasAttribute("alt")) say("image without alt", image);
const selector =
    "button, a[href], input, select, summary, progress, [role=slider], [role=application], [tabindex='0']";
for (const node of document.querySelectorAll(selector)) {
    if (!visible(node) || node.matches(".skip")) continue;
    if (!name(node)) say("no name", node);
    if (node.closest("[aria-hidden=true]")) say("focusable but hidden from screen readers", node);
    const { width, height } = node.getBoundingClientRect();
    const small = width < 24 || height < 24;
    // A checkbox's label is part of its target; links in sentences are as high as their line.
    if (small && !node.matches("progress, .link, p a, input[type=checkbox]")) say(`target of ${width} × ${height}`, node);
}
const slider = document.getElementById("divider");
if (slider && visible(slider)) {
    for (const attribute of ["aria-valuenow", "aria-valuemin", "aria-valuemax", "aria-valuetext"]) {
        if (!slider.hasAttribute(attribute)) say(`slider without ${attribute}`, slider);
    }
}

// Contrast of text against the nearest opaque ground.
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
};
const over = (top, under) => top.slice(0, 3).map((value, i) => value * top[3] + under[i] * (1 - top[3])).concat(1);
const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
        const colour = rgba(getComputedStyle(at).backgroundColor);
        if (colour[3] > 0) layers.push(colour);
        if (colour[3] >= 0.99) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255, 1]);
};
const luminance = (colour) => colour.slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const skipped = ".visually-hidden, .skip, option, noscript, .disabled";
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim().slice(0, 30);
    if (!words || !visible(node) || node.closest(skipped)) continue;
    // Labels over the photo have grounds of their own, which are translucent: checked against the worst photo, white.
    const style = getComputedStyle(node);
    const under = ground(node);
    const front = over(rgba(style.color), under);
    const [light, dark] = [luminance(front), luminance(under)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)} of "${words}"`, node);
}
const wide = document.documentElement.scrollWidth;
if (wide > innerWidth) found.push(`wider than the window: ${wide} > ${innerWidth}`);
return found;
"""


# axe-core's findings, each as a line.
AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(
    ({ violations }) => done(violations.flatMap((rule) =>
        rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.target} ${node.failureSummary}`))),
    (error) => done([String(error)]));
"""
SHOTS = os.environ.get("DEBLUR_SHOTS")
SIZES = {"wide": (1280, 860), "phone": (390, 844), "small": (320, 640)}
# What the rules look at depends on size and colours apart: both colours and all sizes are looked at, not each with each.
LOOKS = [("wide", False), ("phone", True), ("small", False)]
if SHOTS:
    LOOKS += [("wide", True), ("phone", False)]
# Until all that moves has arrived, and the canvas was drawn in its new size.
AT_REST = """
const done = arguments[arguments.length - 1];
const frame = () => new Promise((next) => requestAnimationFrame(next));
const ends = document.getAnimations().filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime));
Promise.allSettled(ends.map((one) => one.finished)).then(frame).then(frame).then(() => done());
"""


@functools.cache
def axe_source():
    """axe-core, as the package for Playwright ships it; its own code is not used."""
    return (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


class AuditCase(PageCase):
    """States of the page, by the rules above and by axe-core, each in several looks; with DEBLUR_SHOTS=FOLDER a picture
    of each."""

    def audit(self, state):
        for size, dark in LOOKS:
            look = f"{size}-{'dark' if dark else 'light'}"
            self.browser.emulate(SIZES[size], dark, touch=size == "phone")
            self.browser.driver.execute_async_script(AT_REST)
            if SHOTS:
                # Sharp pixels are decoded a little later.
                time.sleep(0.5)
                pathlib.Path(SHOTS).mkdir(parents=True, exist_ok=True)
                self.browser.shot_of_all(pathlib.Path(SHOTS, f"{look}-{state}.png"))
            with self.subTest(look=look, state=state):
                self.assertEqual(self.browser.run(AUDIT), [])
                if not self.browser.run("return Boolean(window.axe)"):
                    self.browser.run(axe_source())
                self.assertEqual(self.browser.driver.execute_async_script(AXE), [])
        self.browser.emulate(self.size, touch=self.touch)
