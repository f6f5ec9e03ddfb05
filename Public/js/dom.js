/** The element with this id. The page's ids are fixed: a missing one is a mistake of ours and should show at once. */
export function element(id) {
    const found = document.getElementById(id);
    if (!found) throw new Error(`the page has no element #${id}`);
    return found;
}

/** Makes an element with text: text only, so that nothing a server or a file name says can become markup. */
export function make(tag, text = "", className = "") {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
}

/** Whether it is laid out; the body, which has the focus when nothing has, counts as nothing. */
export function isVisible(node) {
    return Boolean(node && node !== document.body && node.getClientRects().length);
}

/** Whether the user asked for little motion. */
export function prefersStillness() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Resolves after some seconds; rejects with the signal's reason when it is aborted first. */
export function pause(seconds, signal) {
    return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const stop = () => {
            clearTimeout(timer);
            reject(signal.reason);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener("abort", stop);
            resolve();
        }, seconds * 1000);
        signal?.addEventListener("abort", stop, { once: true });
    });
}
