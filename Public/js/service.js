import { Problem } from "./problem.js";

const keyName = "deblur-key";
/** A cancel after the last byte waits this long for the job's id, because only a job with an id can be stopped. */
const lateCancelMilliseconds = 1500;

/**
 * The service behind the page. Paths are relative, so that the page works below a path of a proxy too. Every answer of
 * 400 or above becomes a {@link Problem}; a 401 asks for a key first and sends the request again.
 */
export class Service {
    #askForKey;
    #key;

    /** @param askForKey shows the dialog; resolves to `{key, keep}`, or null when the user declines. */
    constructor(askForKey) {
        this.#askForKey = askForKey;
        this.#key = readKey();
    }

    /** A fetch with the key. Aborting rejects with an AbortError; other failures are Problems. */
    async fetch(path, { quiet = false, ...init } = {}) {
        for (;;) {
            const headers = new Headers(init.headers);
            const key = this.#key;
            if (key) headers.set("Authorization", `Bearer ${key}`);
            let response;
            try {
                response = await fetch(path, { ...init, headers, cache: "no-store", redirect: "error" });
            } catch (error) {
                if (init.signal?.aborted) throw init.signal.reason;
                // What fetch throws when there is no answer.
                throw error instanceof TypeError ? Problem.connection() : error;
            }
            if (response.ok) return response;
            const text = await response.text().catch(() => "");
            const problem = Problem.from(response.status, (name) => response.headers.get(name), text);
            if (response.status !== 401 || quiet || !(await this.#renewKey(key))) throw problem;
        }
    }

    async json(path, init = {}) {
        const response = await this.fetch(path, { ...init, headers: { Accept: "application/json", ...init.headers } });
        return response.json();
    }

    /**
     * Sends a photo. XMLHttpRequest, because fetch tells nothing about how far an upload is.
     *
     * @returns `{status, header(name), blob}`; `header` is null for a field that did not come.
     */
    async post(path, file, { headers = {}, onUpload, signal } = {}) {
        for (;;) {
            const key = this.#key;
            const answer = await this.#send(path, file, headers, key, onUpload, signal);
            if (answer.status < 400) return answer;
            const problem = Problem.from(answer.status, answer.header, await answer.blob.text());
            if (answer.status !== 401 || !(await this.#renewKey(key))) throw problem;
        }
    }

    #send(path, file, headers, key, onUpload, signal) {
        return new Promise((resolve, reject) => {
            if (signal?.aborted) return reject(signal.reason);
            const request = new XMLHttpRequest();
            request.open("POST", path);
            request.responseType = "blob";
            request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
            if (key) request.setRequestHeader("Authorization", `Bearer ${key}`);
            for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
            let isSent = false;
            const abort = () => {
                if (isSent) setTimeout(() => request.abort(), lateCancelMilliseconds);
                else request.abort();
            };
            signal?.addEventListener("abort", abort);
            request.upload.onprogress = (event) => onUpload?.(event.total ? event.loaded / event.total : 0);
            request.upload.onload = () => {
                isSent = true;
                onUpload?.(1);
            };
            request.onloadend = () => signal?.removeEventListener("abort", abort);
            request.onabort = () => reject(signal?.reason ?? new DOMException("aborted", "AbortError"));
            request.onerror = () => reject(Problem.connection());
            request.onload = () =>
                resolve({
                    status: request.status,
                    header: (name) => request.getResponseHeader(name),
                    blob: request.response,
                });
            request.send(file);
        });
    }

    /** Whatever comes of it: a job that cannot be stopped any more is nobody's concern. */
    deleteJob(id) {
        return this.fetch(`jobs/${encodeURIComponent(id)}`, { method: "DELETE", quiet: true }).catch(() => {});
    }

    /** True when there is a key to try that was not tried yet. */
    async #renewKey(tried) {
        // Another request may have asked meanwhile.
        if (this.#key !== tried) return Boolean(this.#key);
        const answer = await this.#askForKey(Boolean(tried));
        if (!answer) return false;
        this.#key = answer.key;
        keepKey(answer.key, answer.keep);
        return true;
    }
}

function readKey() {
    try {
        return sessionStorage.getItem(keyName) ?? localStorage.getItem(keyName) ?? "";
    } catch {
        return "";
    }
}

/** In this tab only, unless the user asks for more. */
function keepKey(key, forever) {
    try {
        sessionStorage.setItem(keyName, key);
        if (forever) localStorage.setItem(keyName, key);
        else localStorage.removeItem(keyName);
    } catch {
        // Without storage the key lasts as long as the page.
    }
}
