/**
 * Which page works on which photos, where the same browser has several open: each photo names its page, and each page
 * holds a lock for as long as it lives. Photos whose page is gone belong to the next one that is opened.
 */

const prefix = "deblur-";
export const tab = prefix + [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(36)).join("");

/** Holds this page's lock until the page goes. */
export function claimTab() {
    // Without a secure context there are no locks: then every page takes itself for the only one.
    navigator.locks?.request(tab, () => new Promise(() => {}));
}

/** The other pages that are open, as a set of their names. */
export async function otherTabs() {
    const { held = [] } = (await navigator.locks?.query()) ?? {};
    return new Set(held.map((lock) => lock.name).filter((name) => name.startsWith(prefix) && name !== tab));
}
