import { element } from "./dom.js";

let open = null;

/**
 * Asks for the service's key. Requests that find out at the same time share one question.
 *
 * @param wasRefused whether a key was sent and not taken.
 * @returns `{key, keep}`, or null when the user declines.
 */
export function askForKey(wasRefused) {
    open ??= new Promise((resolve) => {
        const dialog = element("key-dialog");
        element("key-refused").hidden = !wasRefused;
        element("key").value = "";
        const close = () => {
            dialog.removeEventListener("close", close);
            open = null;
            const key = element("key").value.trim();
            element("key").value = "";
            resolve(dialog.returnValue === "use" && key ? { key, keep: element("key-keep").checked } : null);
        };
        dialog.addEventListener("close", close);
        dialog.returnValue = "";
        dialog.showModal();
    });
    return open;
}
