import { element } from "./dom.js";
import { sharpName, withoutDoubles } from "./names.js";
import { t } from "./texts.js";

/** The browser needs an object URL for a while after the click. */
const saveMilliseconds = 60000;

/**
 * Saving results: one, or all of them as a zip. A result at less than full strength is made by the service, because a
 * browser's canvas would lose camera data, colour profile, bit depth and the photo's own quality.
 */
export class Downloads {
    #service;
    #album;
    #announcer;
    #isPacking = false;
    /** From an item to what its button says while its file is made. */
    #making = new Map();

    constructor({ service, album, announcer }) {
        this.#service = service;
        this.#album = album;
        this.#announcer = announcer;
        element("download").addEventListener("click", () => this.#one(album.selected));
        element("download-all").addEventListener("click", () => this.#all());
        album.on("select", () => this.#show());
        album.on("item", () => this.#show());
        album.on("list", () => this.#show());
        this.#show();
    }

    /** The names of all results, in order, none of them twice. */
    get #names() {
        const { done } = this.#album;
        const names = withoutDoubles(done.map((item) => sharpName(item.name, item.result.type)));
        return new Map(done.map((item, index) => [item, names[index]]));
    }

    #show() {
        const item = this.#album.selected;
        const button = element("download");
        const percent = Math.round((item?.strength ?? 1) * 100);
        button.textContent = this.#making.get(item) ?? (percent < 100 ? t("downloadAt", { percent }) : t("download"));
        button.setAttribute("aria-disabled", String(this.#making.has(item)));
        if (this.#isPacking) return;
        element("download-all").textContent = t("downloadAll", { n: this.#album.done.length });
    }

    async #one(item) {
        if (this.#making.has(item)) return;
        try {
            save(await this.#file(item), this.#names.get(item));
        } catch (error) {
            this.#announcer.complain(error);
        }
    }

    async #all() {
        if (this.#isPacking) return;
        this.#isPacking = true;
        const button = element("download-all");
        button.setAttribute("aria-disabled", "true");
        try {
            const files = [];
            const names = this.#names;
            for (const [item, name] of names) {
                button.textContent = t("packing", { done: files.length, total: names.size });
                files.push({ name, blob: await this.#file(item) });
            }
            const { zip } = await import("./zip.js");
            save(await zip(files), "deblur.zip");
        } catch (error) {
            this.#announcer.complain(error);
        } finally {
            this.#isPacking = false;
            button.setAttribute("aria-disabled", "false");
            this.#show();
        }
    }

    /** The result at the photo's strength. */
    async #file(item) {
        const { strength } = item;
        if (strength === 1 || item.isUnchanged || !item.photo) return item.result;
        if (item.mix?.strength === strength) return item.mix.blob;
        const percent = Math.round(strength * 100);
        const say = (share) => {
            const rest = share === null ? "" : ` · ${Math.floor(share * 100)}\u00a0%`;
            this.#making.set(item, t("makingAt", { percent }) + rest);
            this.#show();
        };
        say(null);
        try {
            const blob = await this.#make(item, strength, say);
            item.mix = { strength, blob };
            return blob;
        } finally {
            this.#making.delete(item);
            this.#show();
        }
    }

    async #make(item, strength, say) {
        const { finish, send, withStrength } = await import("./protocol.js");
        const { signal } = new AbortController();
        const { job, answer } = await send(this.#service, item.photo, withStrength(item.query, strength), { signal });
        if (answer) return answer.blob;
        const onUpdate = (type, data) => data.total && say(data.done / data.total);
        return (await finish(this.#service, job.id, { signal, onUpdate, onConnection() {} })).blob;
    }
}

/** Hands a file to the browser's downloads. */
function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), saveMilliseconds);
}
