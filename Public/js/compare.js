import { element } from "./dom.js";

/** The ways to compare: side by side, a loupe, the original for as long as a button or a key is held. */
export class Compare {
    #viewer;
    /** Called when the layout of the stage is another one. */
    #onChange;

    constructor(viewer, onChange) {
        this.#viewer = viewer;
        this.#onChange = onChange;
        element("side").addEventListener("click", () => this.#toggleSides());
        element("loupe").addEventListener("click", () => this.#toggleLoupe());
        const button = element("original");
        button.addEventListener("pointerdown", (event) => {
            if (event.button !== 0) return;
            button.setPointerCapture(event.pointerId);
            this.#hold(true);
        });
        for (const type of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
            button.addEventListener(type, () => this.#hold(false));
        }
        // A long touch would open a menu.
        button.addEventListener("contextmenu", (event) => event.preventDefault());
        button.addEventListener("keydown", (event) => {
            if (event.key === " " || event.key === "Enter") this.#hold(true);
        });
        addEventListener("keydown", (event) => this.#key(event));
        addEventListener("keyup", (event) => {
            if (["o", "O", " ", "Enter"].includes(event.key)) this.#hold(false);
        });
        addEventListener("blur", () => this.#hold(false));
    }

    get #canCompare() {
        return Boolean(this.#viewer.before && this.#viewer.after);
    }

    /** The loupe goes with the photo; side by side stays. */
    reset() {
        this.#viewer.setOriginal(false);
        if (!this.#canCompare && this.#viewer.loupe) this.#toggleLoupe();
    }

    #key(event) {
        if (!this.#canCompare || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
        // Letters belong to fields that are typed in, and to selects.
        if (event.target.closest("input:not([type=range]):not([type=checkbox]), select, textarea, dialog")) return;
        const key = event.key.toLowerCase();
        if (key === "o") this.#hold(true);
        else if (key === "s") this.#toggleSides();
        else if (key === "l") this.#toggleLoupe();
    }

    #hold(value) {
        if (this.#viewer.showsOriginal === value) return;
        this.#viewer.setOriginal(value && this.#canCompare);
        element("original").classList.toggle("held", value);
        this.#onChange();
    }

    #toggleSides() {
        this.#viewer.setSideBySide(!this.#viewer.isSideBySide);
        element("side").setAttribute("aria-pressed", String(this.#viewer.isSideBySide));
        this.#onChange();
    }

    #toggleLoupe() {
        const { stage, loupe } = this.#viewer;
        this.#viewer.setLoupe(loupe ? null : { x: stage.width / 2, y: stage.height / 2 });
        element("loupe").setAttribute("aria-pressed", String(!loupe));
        this.#onChange();
    }
}
