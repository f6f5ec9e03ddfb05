import { element, make } from "./dom.js";
import { about } from "./format.js";
import { t } from "./texts.js";
import { albumSecondsLeft, stateText } from "./words.js";

/** The row of thumbnails, each with its name and how far it is, and the line above it about all of them. */
export class Strip {
    #album;
    #runner;
    #facts;
    /** From an item to its parts of the page. */
    #cells = new Map();
    #frame = 0;
    #stale = new Set();

    /** @param onRemove called with an item that the Delete key was pressed on. */
    constructor(album, runner, facts, onRemove) {
        this.#album = album;
        this.#runner = runner;
        this.#facts = facts;
        album.on("list", () => this.#list());
        album.on("select", () => {
            this.#select();
            this.#refresh();
        });
        album.on("item", (item) => {
            this.#stale.add(item);
            // Tiles of two photos come in dozens a second: the page is written once a frame.
            this.#frame ||= requestAnimationFrame(() => this.#refresh());
        });
        const list = element("strip-list");
        list.addEventListener("click", (event) => {
            const option = event.target.closest("[role=option]");
            const item = [...this.#cells].find(([, cell]) => cell.option === option)?.[0];
            if (item) album.select(item);
        });
        list.addEventListener("keydown", (event) => this.#key(event, onRemove));
        // Times count down between the service's words, and in a tab that is not looked at frames do not come.
        setInterval(() => this.#refresh(), 1000);
        this.#list();
    }

    #list() {
        const { items } = this.#album;
        element("strip").hidden = items.length < 2;
        document.body.classList.toggle("with-strip", items.length > 1);
        for (const [item, cell] of this.#cells) {
            if (items.includes(item)) continue;
            if (cell.url) URL.revokeObjectURL(cell.url);
            this.#cells.delete(item);
        }
        for (const item of items) if (!this.#cells.has(item)) this.#cells.set(item, makeCell());
        element("strip-list").replaceChildren(...items.map((item) => this.#cells.get(item).option));
        items.forEach((item) => this.#stale.add(item));
        this.#refresh();
        this.#select();
    }

    #select() {
        for (const [item, { option }] of this.#cells) {
            const isSelected = item === this.#album.selected;
            option.setAttribute("aria-selected", String(isSelected));
            option.tabIndex = isSelected ? 0 : -1;
            if (isSelected) option.scrollIntoView({ block: "nearest", inline: "nearest" });
        }
    }

    #refresh() {
        cancelAnimationFrame(this.#frame);
        this.#frame = 0;
        for (const item of this.#stale) {
            const cell = this.#cells.get(item);
            if (cell) fill(cell, item);
        }
        this.#stale.clear();
        if (this.#album.items.length > 1) this.#bar();
    }

    #bar() {
        const { items, done, failed, ready, busy, selected } = this.#album;
        const left = albumSecondsLeft(busy, this.#facts.current);
        const { pause } = this.#runner;
        const wait = pause && t("busyRetry", { reason: pause.reason, seconds: pause.seconds });
        const parts = [
            (done.length || busy.length || failed.length) && t("stripText", { done: done.length, total: items.length }),
            failed.length && t("stripFailed", { n: failed.length }),
            ready.length && t("stripReady", { n: ready.length }),
            !wait && busy.length && left !== null && t("stripLeft", { time: about(left) }),
            wait,
        ];
        // Lines break between the parts, and within sentences.
        const whole = parts.filter(Boolean).map((part) => (part === wait ? part : part.replaceAll(" ", "\u00a0")));
        setText(element("strip-text"), whole.join(" · "));
        element("strip-deblur").hidden = !ready.length;
        // Beside the photo there is the same button already; below it, it would be out of sight.
        document.body.classList.toggle("ready-twice", Boolean(ready.length && selected?.isReady));
        setText(element("strip-deblur"), t("deblurAll", { n: ready.length }));
        element("download-all").hidden = done.length < 2;
        element("stop-all").hidden = busy.length < 2;
    }

    #key(event, onRemove) {
        const { items, selected } = this.#album;
        const at = items.indexOf(selected);
        const steps = {
            ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: items.length - 1,
        };
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (event.key === "Delete" && selected) onRemove(selected);
        else if (event.key in steps) {
            const index = Math.min(items.length - 1, Math.max(0, steps[event.key]));
            this.#album.select(items[index]);
        } else return;
        event.preventDefault();
        this.#cells.get(this.#album.selected)?.option.focus();
    }
}

function makeCell() {
    const option = make("div", "", "cell");
    option.setAttribute("role", "option");
    const frame = make("span", "", "frame");
    const image = make("img");
    image.alt = "";
    image.hidden = true;
    const bar = make("span", "", "share");
    frame.append(image, bar);
    const name = make("span", "", "name");
    const state = make("span", "", "state");
    option.append(frame, name, state);
    return { option, image, bar, name, state, url: "", thumbnail: null };
}

function fill(cell, item) {
    const text = stateText(item);
    cell.option.dataset.state = item.state;
    setText(cell.name, shortened(item.name));
    setText(cell.state, text);
    cell.option.setAttribute("aria-label", t("optionLabel", { name: item.name, state: text }));
    cell.option.title = item.name;
    if (item.thumbnail && item.thumbnail.size !== cell.thumbnail?.size) {
        cell.thumbnail = item.thumbnail;
        if (cell.url) URL.revokeObjectURL(cell.url);
        cell.url = URL.createObjectURL(item.thumbnail);
        cell.image.src = cell.url;
        cell.image.hidden = false;
    }
    const share = item.state === "running" && item.total ? item.done / item.total : 0;
    cell.bar.style.transform = `scaleX(${share})`;
}

/** Names of one camera differ at their end: a long one is cut in the middle. */
function shortened(name) {
    const letters = [...name];
    return letters.length <= 13 ? name : `${letters.slice(0, 4).join("")}…${letters.slice(-7).join("")}`;
}

function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}
