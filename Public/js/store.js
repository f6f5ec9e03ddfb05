/**
 * The photo of the current job, kept in the browser, so that a reload during a job still has a "before" to show: the
 * service gives back results only. One photo at most; none once the user has moved on.
 */

const storeName = "photos";

/** Failing is allowed everywhere here (private windows, full disks): then a reload shows the result alone. */
async function run(mode, work) {
    try {
        const database = await promise(open());
        const transaction = database.transaction(storeName, mode);
        const result = await promise(work(transaction.objectStore(storeName)));
        database.close();
        return result;
    } catch {
        return undefined;
    }
}

function open() {
    const request = indexedDB.open("deblur", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
    return request;
}

function promise(request) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
}

export async function keepPhoto(jobID, file) {
    await forgetPhotos();
    await run("readwrite", (photos) => photos.put({ file, name: file.name }, jobID));
}

/** The job's photo as a File, or undefined. */
export async function keptPhoto(jobID) {
    const kept = await run("readonly", (photos) => photos.get(jobID));
    return kept && new File([kept.file], kept.name || "photo", { type: kept.file.type });
}

export function forgetPhotos() {
    return run("readwrite", (photos) => photos.clear());
}
