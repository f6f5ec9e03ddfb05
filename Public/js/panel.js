import { element } from "./dom.js";
import { ErrorPanel } from "./error-panel.js";

/** Not every progress is worth interrupting a screen reader for. */
const announcedShares = [0.25, 0.5, 0.75];

/** The column of controls: what is shown, what is enabled, what is announced. Knows nothing about the service. */
export class Panel {
    error = new ErrorPanel((text) => this.announce(text));
    #announced = 0;

    /** @param state `empty`, `ready`, `busy` or `done`. */
    setState(state) {
        const held = document.activeElement?.closest("#actions, #error, #prompt");
        document.body.dataset.state = state;
        element("progress").hidden = state !== "busy";
        if (state !== "done") element("outcome").hidden = true;
        if (state !== "busy") document.title = state === "done" ? "Done · deblur" : "deblur";
        // A button that goes away under the keyboard would send its user back to the top of the page.
        if (held && !isVisible(document.activeElement)) this.focusFirstAction();
    }

    get state() {
        return document.body.dataset.state;
    }

    focusFirstAction() {
        const actions = [...document.querySelectorAll("#choose, #actions > *")];
        actions.find(isVisible)?.focus({ preventScroll: true });
    }

    setFacts(name, facts) {
        element("facts").hidden = !name;
        element("file-name").textContent = name;
        element("file-facts").textContent = facts;
    }

    /** @param share 0…1, or null when it is not known. */
    setProgress(text, share, detail = "") {
        if (element("status").textContent !== text) {
            element("status").textContent = text;
            this.announce(text);
            this.#announced = 0;
        }
        element("status-detail").textContent = detail;
        const bar = element("bar");
        if (share === null) bar.removeAttribute("value");
        else bar.value = share;
        document.title = share === null ? `${text} · deblur` : `${Math.floor(share * 100)} % · deblur`;
        const reached = announcedShares.filter((step) => share !== null && share >= step).length;
        if (reached > this.#announced) {
            this.#announced = reached;
            this.announce(`${Math.round(share * 100)} percent. ${detail}`);
        }
    }

    setOutcome(text, detail) {
        element("outcome").hidden = !text;
        element("outcome-text").textContent = text;
        element("outcome-detail").textContent = detail;
        if (text) this.announce(`${text} ${detail}`);
    }

    setDownload(url, name) {
        const link = element("download");
        if (url) link.href = url;
        else link.removeAttribute("href");
        link.download = name;
    }

    /** @param name what the button shows and hides; null takes the button away. */
    setHeat(name, isShown) {
        const button = element("heat");
        button.hidden = name === null;
        button.setAttribute("aria-pressed", String(isShown));
        element("legend").hidden = !isShown;
    }

    announce(text) {
        element("announcer").textContent = text;
    }
}

function isVisible(node) {
    return Boolean(node && node !== document.body && node.getClientRects().length);
}
