/**
 * Which page works on which photos, where the same browser has several open: each photo names its page, and each page
 * holds a lock for as long as it lives. The photos of a page that goes belong to one that is there, or to the next.
 */

const prefix = "deblur-";
export const tab = prefix + [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(36)).join("");

/** Holds this page's lock until the page goes. */
export function claimTab() {
    // Without a secure context there are no locks: then every page takes itself for the only one.
    navigator.locks?.request(tab, () => new Promise((resolve) => addEventListener("pagehide", resolve)));
    // A page that comes back from the browser's memory has to find out what became of its photos.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
}

/** The other pages that are open, as a set of their names. */
export async function otherTabs() {
    const { held = [] } = (await navigator.locks?.query()) ?? {};
    return new Set(held.map((lock) => lock.name).filter((name) => name.startsWith(prefix) && name !== tab));
}

/** Calls when that page has gone; of several pages that wait for it only one is called while the other works. */
export function whenGone(other, call) {
    navigator.locks?.request(other, call);
}
