/**
 * Photos and results in the browser's database, until the user removes them: so that neither a reload nor a restart
 * of the browser loses any. Failing is allowed everywhere (private windows, full disks); then they last as long as the
 * page.
 */

let opening = null;
/** Called once when something could not be stored. */
let onFailure = () => {};

export function onStoreFailure(call) {
    onFailure = call;
}

function database() {
    opening ??= new Promise((resolve, reject) => {
        const request = indexedDB.open("deblur", 2);
        request.onupgradeneeded = () => {
            const { result } = request;
            for (const name of [...result.objectStoreNames]) result.deleteObjectStore(name);
            result.createObjectStore("items", { keyPath: "id" });
            // By `<id>/<kind>`.
            result.createObjectStore("blobs");
            // What other apps have shared with this one, until the page takes it (sw.js).
            result.createObjectStore("shared", { autoIncrement: true });
        };
        request.onsuccess = () => {
            // A newer page in another tab may change the database's form.
            request.result.onversionchange = () => request.result.close();
            resolve(request.result);
        };
        request.onerror = () => reject(request.error);
    });
    return opening;
}

/** Runs a transaction; resolves when it is on the disk, to what `work`'s request gave. */
async function run(mode, names, work) {
    try {
        const transaction = (await database()).transaction(names, mode);
        return await new Promise((resolve, reject) => {
            const request = work(...names.map((name) => transaction.objectStore(name)));
            transaction.oncomplete = () => resolve(request?.result);
            transaction.onabort = transaction.onerror = () => reject(transaction.error);
        });
    } catch {
        if (mode === "readwrite") {
            onFailure();
            onFailure = () => {};
        }
        return undefined;
    }
}

/**
 * A photo's record and its blobs, all or none of it: a page that is closed in the middle leaves what was before.
 *
 * @param blobs by kind; null removes one, and those that are not named stay.
 * @returns the same blobs as they lie in the database now.
 */
export async function keepItem(record, blobs = {}) {
    await run("readwrite", ["items", "blobs"], (items, store) => {
        for (const [kind, blob] of Object.entries(blobs)) {
            if (blob) store.put(blob, `${record.id}/${kind}`);
            else store.delete(`${record.id}/${kind}`);
        }
        return items.put(record);
    });
    return blobsOf(record.id, Object.keys(blobs));
}

async function blobsOf(id, kinds) {
    const found = {};
    if (!kinds.length) return found;
    await run("readonly", ["blobs"], (store) => {
        for (const kind of kinds) {
            const request = store.get(`${id}/${kind}`);
            request.onsuccess = () => {
                if (request.result) found[kind] = request.result;
            };
        }
    });
    return found;
}

/** All photos in their order, as `{record, blobs}`. */
export async function keptItems() {
    const records = (await run("readonly", ["items"], (items) => items.getAll())) ?? [];
    const found = records.map(async (record) => ({
        record,
        blobs: await blobsOf(record.id, ["photo", "thumbnail", "result"]),
    }));
    return (await Promise.all(found)).sort((a, b) => a.record.order - b.record.order);
}

export function removeItem(id) {
    return run("readwrite", ["items", "blobs"], (items, blobs) => {
        items.delete(id);
        blobs.delete(IDBKeyRange.bound(`${id}/`, `${id}/\uffff`));
    });
}

/** Files that another app shares; for the service worker. */
export function keepShared(files) {
    return run("readwrite", ["shared"], (shared) => {
        for (const file of files) shared.add({ file, name: file.name });
    });
}

/** Takes what was shared out of the database. */
export async function takeShared() {
    const entries = await run("readwrite", ["shared"], (shared) => {
        const request = shared.getAll();
        request.onsuccess = () => shared.clear();
        return request;
    });
    return (entries ?? []).map(({ file, name }) => new File([file], name || "photo", { type: file.type }));
}
