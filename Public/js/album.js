import { keepItem, removeItem } from "./store.js";

/**
 * The photos on the page, in order, and the one that is looked at. Whoever shows them listens; every change goes
 * through here, so that what is seen and what is stored never differ.
 */
export class Album {
    items = [];
    selected = null;
    #listeners = { list: [], select: [], item: [] };
    #order = 0;

    /** @param tab the name of this page among others of the same browser. */
    constructor(tab) {
        this.tab = tab;
    }

    /** `list`: photos came or went. `select`: another is looked at. `item`: one has changed; it is handed over. */
    on(type, listener) {
        this.#listeners[type].push(listener);
    }

    #tell(type, ...values) {
        for (const listener of this.#listeners[type]) listener(...values);
    }

    add(items) {
        for (const item of items) {
            item.tab = this.tab;
            item.order ||= Math.max(Date.now(), this.#order + 1);
            this.#order = Math.max(this.#order, item.order);
            this.items.push(item);
        }
        this.#tell("list");
        if (!this.selected && this.items.length) this.select(this.items[0]);
    }

    /** Something about the photo is different; `isKept` stores it too. */
    changed(item, isKept = false) {
        if (!this.items.includes(item)) return;
        if (isKept) keepItem(item.record);
        this.#tell("item", item);
    }

    /** The photo itself, its thumbnail or its result is new: stored, and from then on read from there. */
    async keep(item, ...kinds) {
        this.changed(item);
        const blobs = await keepItem(item.record, Object.fromEntries(kinds.map((kind) => [kind, item[kind]])));
        // Removed meanwhile.
        if (!this.items.includes(item)) return removeItem(item.id);
        for (const kind of kinds) item[kind] = blobs[kind] ?? item[kind];
    }

    select(item) {
        if (item === this.selected) return;
        this.selected = item;
        this.#tell("select", item);
    }

    /** The next photo, or the one before, is looked at instead. */
    remove(item) {
        const index = this.items.indexOf(item);
        if (index < 0) return;
        this.items.splice(index, 1);
        removeItem(item.id);
        if (this.selected === item) {
            this.selected = this.items[Math.min(index, this.items.length - 1)] ?? null;
            this.#tell("select", this.selected);
        }
        this.#tell("list");
    }

    get ready() {
        return this.items.filter((item) => item.isReady);
    }

    get busy() {
        return this.items.filter((item) => item.isBusy);
    }

    get done() {
        return this.items.filter((item) => item.state === "done");
    }

    get failed() {
        return this.items.filter((item) => item.state === "failed");
    }
}
