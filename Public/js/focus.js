import { isVisible } from "./dom.js";

/** Where the focus goes when its place is gone: what there is to do next, and removing last. */
const places = ["#choose", "#actions > .primary", "#strip-deblur", "#actions > :not(#remove)",
    ".cell[aria-selected='true']", "#remove"];

/**
 * Keeps the focus of people who use the keyboard. A button that goes away under them would send them back to the top
 * of the page; they get the next thing that can be done instead, as soon as there is one.
 */
export class FocusKeeper {
    /** What had the focus last; null where its user let it go. */
    #held = null;

    constructor() {
        document.addEventListener("focusin", ({ target }) => (this.#held = target));
        document.addEventListener("focusout", ({ target, relatedTarget }) => {
            // On its way, such as back from a dialog that closes.
            if (relatedTarget) this.#held = relatedTarget;
            // Neither gone nor still focused in a window that is not: somebody has clicked beside it.
            else if (document.activeElement !== target && isVisible(target)) this.#held = null;
        });
        const changes = { subtree: true, childList: true, attributeFilter: ["hidden", "data-state", "open"] };
        new MutationObserver(() => this.#check()).observe(document.body, changes);
    }

    /** The next thing that can be done gets the focus, unless something has it already. */
    expect() {
        if (!isVisible(document.activeElement)) this.#held = document.body;
    }

    #check() {
        // Until the next frame what was hidden has the focus still; a window in the background tells no focusin.
        if (![document.body, null].includes(document.activeElement)) this.#held = document.activeElement;
        // Until it is known what can be done with the photo.
        if (document.body.dataset.state === "opening") return;
        if (isVisible(document.activeElement) || !this.#held || isVisible(this.#held)) return;
        const found = places.flatMap((place) => [...document.querySelectorAll(place)]).find(isVisible);
        found?.focus({ preventScroll: true });
    }
}
