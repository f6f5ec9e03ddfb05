import { element } from "./dom.js";
import { t } from "./texts.js";

/**
 * The slider of a sharpened photo: the picture follows while it moves, and the download is made of what it says. Each
 * photo has its own strength.
 */
export class Strength {
    #album;

    constructor(album) {
        this.#album = album;
        const slider = element("strength");
        slider.addEventListener("input", () => {
            if (album.selected) this.#set([album.selected], Number(slider.value) / 100, false);
        });
        // What is stored is where it came to rest.
        slider.addEventListener("change", () => album.selected && album.changed(album.selected, true));
        element("strength-all").addEventListener("click", () => {
            const { selected, items } = album;
            this.#set(items.filter((item) => item !== selected), selected.strength, true);
        });
        album.on("select", () => this.#show());
        album.on("item", (item) => item === album.selected && this.#show());
        this.#show();
    }

    #set(items, strength, isKept) {
        for (const item of items) {
            item.strength = strength;
            this.#album.changed(item, isKept);
        }
        this.#show();
    }

    #show() {
        const item = this.#album.selected;
        // Without the photo there is nothing to mix with, and nothing was corrected where nothing was found.
        const isShown = item?.state === "done" && item.photo && !item.isUnchanged;
        element("strength-row").hidden = !isShown;
        element("strength-note").hidden = !isShown || item.strength === 1;
        if (!isShown) return;
        const percent = Math.round(item.strength * 100);
        if (Number(element("strength").value) !== percent) element("strength").value = String(percent);
        element("strength-value").textContent = `${percent}\u00a0%`;
        const isSame = this.#album.items.every((other) => other.strength === item.strength);
        element("strength-all").hidden = isSame;
    }
}
