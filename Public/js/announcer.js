import { element } from "./dom.js";
import { t } from "./texts.js";
import { factsText } from "./words.js";

/** Not every progress is worth interrupting a screen reader for. */
const announcedShares = [0.25, 0.5, 0.75];

/** What screen readers are told, and the window's title. */
export class Announcer {
    #album;
    #last = "";
    #reached = 0;
    #states = new Map();

    constructor(album) {
        this.#album = album;
        album.on("item", (item) => this.#changed(item));
        album.on("list", () => this.#title());
        album.on("select", () => {
            element("complaint").hidden = true;
        });
        setInterval(() => album.busy.length && this.#title(), 1000);
    }

    say(text) {
        element("announcer").textContent = text;
    }

    /** Of what the user asked for and did not get. */
    complain(error) {
        this.say([error.message, error.detail].filter(Boolean).join(". "));
        element("complaint").textContent = element("announcer").textContent;
        element("complaint").hidden = false;
    }

    /** A change of the progress of the photo that is looked at. */
    progress(item, text, share, detail) {
        const key = `${item.id} ${text}`;
        if (key !== this.#last) {
            this.#last = key;
            this.#reached = 0;
            // Of an album's photos only the end is told.
            if (this.#album.items.length === 1) this.say(text);
        }
        const reached = announcedShares.filter((step) => share !== null && share >= step).length;
        if (reached <= this.#reached) return;
        this.#reached = reached;
        if (this.#album.items.length === 1) this.say(t("announcePercent", { n: Math.round(share * 100), detail }));
    }

    #changed(item) {
        const before = this.#states.get(item.id);
        this.#states.set(item.id, item.state);
        if (before === item.state) return;
        const { items, ready, done, failed } = this.#album;
        if (item.state === "ready" && before !== undefined && before !== "opening") this.say(t("announceCancelled"));
        else if (item.state === "ready" && items.length === 1) {
            this.say(t("announceReady", { name: item.name, facts: factsText(item) }));
        } else if (item.state === "ready" && !items.some((other) => other.state === "opening")) {
            this.say(t("announceReadyAll", { n: ready.length }));
        } else if (item.state === "failed") {
            this.say(t("announceFailed", { name: item.name, reason: item.problem?.title ?? "" }));
        } else if (item.state === "done" && items.length > 1) {
            this.say(t("announceDone", { done: done.length + failed.length, total: items.length }));
        } else if (item.state === "done") {
            this.say(t(item.isUnchanged ? "outcomeNothing" : "outcomeDone"));
        }
        this.#title();
    }

    #title() {
        const { items, busy, done, failed } = this.#album;
        let text = "";
        if (busy.length && items.length > 1) text = `${done.length + failed.length}/${items.length}`;
        else if (busy.length && busy[0].total) text = `${Math.floor((busy[0].done / busy[0].total) * 100)} %`;
        else if (done.length && !busy.length) text = t("stateDone");
        document.title = text ? `${text} · deblur` : "deblur";
    }
}
