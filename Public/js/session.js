import { pause } from "./dom.js";
import { followJob } from "./follow.js";
import { Problem } from "./problem.js";
import { forgetPhotos, keepPhoto } from "./store.js";

/**
 * One piece of work at a time: a photo sent, its job followed, its result fetched, or the whole of it cancelled. Speaks
 * the service's protocol; what it finds out goes to a view.
 */
export class Session {
    #service;
    #view;
    #run = null;

    constructor(service, view) {
        this.#service = service;
        this.#view = view;
    }

    get isBusy() {
        return this.#run !== null;
    }

    /** Sends a photo, as a job where the service has jobs. */
    async deblur(photo, query) {
        await this.#begin(async (run) => {
            this.#view.sending(0);
            const answer = await this.#post(photo.file, query, run);
            if (answer.status !== 202) return this.#view.finished({ blob: answer.blob, header: answer.header });
            const job = await readJob(answer);
            run.jobID = job.id;
            run.signal.throwIfAborted();
            rememberJob(job.id);
            await keepPhoto(job.id, photo.file);
            await this.#watch(job, run);
        });
    }

    /** Takes up a job that this page, or another, has sent before. */
    async attach(id) {
        await this.#begin(async (run) => {
            this.#view.attaching();
            const job = await this.#service.json(jobPath(id), { signal: run.signal });
            run.jobID = id;
            await this.#view.attached(job);
            await this.#watch({ ...job, id }, run);
        });
    }

    /** Only asks how blurred the photo is. */
    async assess(photo, query) {
        await this.#begin(async (run) => {
            query.set("dry_run", "1");
            this.#view.assessing(0);
            const answer = await this.#service.post(`deblur?${query}`, photo.file, {
                headers: { Accept: "application/json" },
                onUpload: (share) => this.#view.assessing(share),
                signal: run.signal,
            });
            this.#view.assessed(JSON.parse(await answer.blob.text()));
        });
    }

    cancel() {
        this.#run?.abort.abort(new DOMException("cancelled", "AbortError"));
    }

    async #begin(work) {
        if (this.#run) return;
        const abort = new AbortController();
        const run = (this.#run = { abort, signal: abort.signal, jobID: null });
        let problem = null;
        try {
            await work(run);
        } catch (error) {
            problem = error;
        }
        const cancelled = run.signal.aborted;
        if (cancelled) await this.#stopJob(run.jobID);
        this.#run = null;
        if (cancelled) {
            forgetJob();
            this.#view.cancelled();
        } else if (problem) {
            const id = run.jobID;
            if (problem instanceof Problem && [404, 410].includes(problem.status)) forgetJob();
            // The job goes on without us: trying again means asking for it again, not sending the photo again.
            else if (id) this.#view.retry = () => this.attach(id);
            this.#view.failed(problem instanceof Problem ? problem : unexpected(problem));
        }
    }

    /** Services without jobs answer with the image at once, or refuse to answer later. */
    async #post(file, query, run) {
        const options = {
            onUpload: (share) => this.#view.sending(share),
            signal: run.signal,
        };
        const path = `deblur?${query}`;
        try {
            return await this.#service.post(path, file, { ...options, headers: { Prefer: "respond-async" } });
        } catch (error) {
            if (!(error instanceof Problem) || ![404, 501].includes(error.status)) throw error;
            return this.#service.post(path, file, options);
        }
    }

    async #watch(job, run) {
        this.#view.progress("job", job);
        const last = isFinal(job.state)
            ? job
            : await followJob(this.#service, job.id, {
                  signal: run.signal,
                  onUpdate: (type, data) => this.#view.progress(type, data),
                  onConnection: (state) => this.#view.connection(state),
              });
        if (last.state === "failed") {
            forgetJob();
            run.jobID = null;
            throw Problem.fromJob(last.error);
        }
        if (last.state === "cancelled") {
            run.jobID = null;
            run.abort.abort();
            return;
        }
        this.#view.fetching();
        const response = await this.#result(job.id, run.signal);
        const blob = await response.blob();
        const exits = await this.#service
            .json(`${jobPath(job.id)}/exits`, { signal: run.signal, quiet: true })
            .catch(() => null);
        run.signal.throwIfAborted();
        // Nothing is left that a cancel should delete.
        run.jobID = null;
        await this.#view.finished({ blob, header: (name) => response.headers.get(name), job: last, exits });
    }

    async #result(id, signal) {
        for (;;) {
            try {
                return await this.#service.fetch(`${jobPath(id)}/result`, { signal });
            } catch (error) {
                if (!(error instanceof Problem) || error.status !== 409) throw error;
                await pause(error.retryAfterSeconds ?? 1, signal);
            }
        }
    }

    /** Whatever comes of it: a job that cannot be stopped any more is not the user's concern. */
    async #stopJob(id) {
        if (!id) return;
        await this.#service.fetch(jobPath(id), { method: "DELETE", quiet: true }).catch(() => {});
    }
}

/** The job's id of this address, or null. */
export function jobOfAddress() {
    return new URLSearchParams(location.hash.slice(1)).get("job");
}

export function forgetJob() {
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    return forgetPhotos();
}

function rememberJob(id) {
    history.replaceState(null, "", `#${new URLSearchParams({ job: id })}`);
}

function jobPath(id) {
    return `jobs/${encodeURIComponent(id)}`;
}

function isFinal(state) {
    return ["succeeded", "failed", "cancelled"].includes(state);
}

/** The job of a 202: its body, and its id from Location where the body has none. */
async function readJob(answer) {
    let job = {};
    try {
        job = JSON.parse(await answer.blob.text());
    } catch {
        // Location is enough.
    }
    const id = job.id ?? /\/jobs\/([^/?#]+)/.exec(answer.header("Location") ?? "")?.[1];
    if (!id) throw new Problem({ title: "The service's answer is not understood", detail: "It names no job." });
    return { state: "queued", ...job, id };
}

function unexpected(error) {
    console.error(error);
    return new Problem({ title: "Something went wrong in this page", detail: String(error?.message ?? error) });
}
