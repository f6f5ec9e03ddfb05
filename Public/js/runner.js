import { Problem } from "./problem.js";
import { t } from "./texts.js";

/** One photo is worked on while the next is sent, so that the service never waits for the page. */
const mostAtOnce = 2;
/** A service that is there and loses the same photo again and again cannot do it. */
const mostLosses = 5;
const longestPauseSeconds = 10;

/**
 * Works off the photos that wait, one after the other: a service that is busy or away is waited for, a job that it has
 * lost is sent again, and a photo that fails stops no other.
 */
export class Runner {
    #service;
    #album;
    /** From an item to its AbortController. */
    #active = new Map();
    #pauseUntil = 0;
    #pauseReason = "";
    #timer = 0;
    #failures = 0;
    /** Called when photos were waiting and none is any more. */
    onIdle = () => {};

    constructor(service, album) {
        this.#service = service;
        this.#album = album;
        addEventListener("online", () => this.goOn());
    }

    /** @param query the parameters of all of them. */
    start(items, query) {
        for (const item of items) {
            item.forgetJob();
            item.problem = null;
            Object.assign(item, { state: "waiting", query: queryFor(item, query), losses: 0, wasSentAgain: false });
            this.#album.changed(item, true);
        }
        this.goOn();
    }

    /** Photos that wait since a reload, too. Also ends a pause. */
    goOn() {
        clearTimeout(this.#timer);
        this.#pauseUntil = 0;
        this.#next();
    }

    stop(item) {
        const abort = this.#active.get(item);
        if (abort) return abort.abort(new DOMException("stopped", "AbortError"));
        if (!item.isBusy) return undefined;
        return this.#stopped(item);
    }

    /** Why nothing is sent now, and for how many seconds; null when nothing stands in the way. */
    get pause() {
        const seconds = (this.#pauseUntil - performance.now()) / 1000;
        return seconds > 0 ? { reason: this.#pauseReason, seconds: Math.ceil(seconds - 0.5) } : null;
    }

    #next() {
        if (this.pause) return;
        const waiting = this.#album.items.filter((item) => item.state === "waiting" && !this.#active.has(item));
        // What the service has already comes first.
        waiting.sort((a, b) => Number(Boolean(b.jobID)) - Number(Boolean(a.jobID)));
        for (const item of waiting) {
            const isSending = [...this.#active.keys()].some((other) => other.state === "sending");
            if (this.#active.size >= mostAtOnce || (isSending && !item.jobID)) return;
            this.#run(item);
        }
    }

    async #run(item) {
        const abort = new AbortController();
        this.#active.set(item, abort);
        const onChange = (isKept) => {
            this.#album.changed(item, isKept);
            // Its upload is over: the next one may begin.
            if (item.state !== "sending") this.#next();
        };
        // Counted as an upload from here on.
        if (!item.jobID) item.state = "sending";
        try {
            const { work } = await import("./work.js").catch(() => {
                throw Problem.connection();
            });
            await work(this.#service, item, { signal: abort.signal, onChange });
            this.#failures = 0;
            this.#active.delete(item);
            await this.#album.keep(item, "result", "thumbnail");
        } catch (error) {
            this.#active.delete(item);
            if (abort.signal.aborted) this.#stopped(item);
            else await this.#failed(item, error instanceof Problem ? error : unexpected(error));
        }
        this.#next();
        if (!this.#album.busy.length) this.onIdle();
    }

    /** Back to where it was before the work. */
    #stopped(item) {
        if (item.jobID) this.#service.deleteJob(item.jobID);
        item.forgetJob();
        item.state = item.result ? "done" : item.photo ? "ready" : "failed";
        this.#album.changed(item, true);
        this.#next();
    }

    async #failed(item, problem) {
        const wasLost = item.jobID && item.photo && [404, 410].includes(problem.status);
        if (wasLost && item.losses < mostLosses) {
            item.losses += 1;
            item.forgetJob();
            item.wasSentAgain = true;
            item.state = "waiting";
        } else if (problem.isTemporary && !(await this.#isHopeless(item, problem))) {
            item.state = "waiting";
            item.ticket = problem.ticket;
            this.#failures += 1;
            // Clients that were turned away together should not come back together.
            const seconds = problem.retryAfterSeconds ?? Math.min(longestPauseSeconds, 2 ** (this.#failures - 1));
            this.#wait(seconds + Math.random() * 0.5, problem.title);
        } else {
            item.forgetJob();
            item.problem = problem.record;
            item.state = "failed";
        }
        this.#album.changed(item, true);
    }

    /** A connection that breaks off again and again although the service is there: it does not want this photo. */
    async #isHopeless(item, problem) {
        if (problem.status !== 0) return false;
        const isThere = await fetch("healthz", { cache: "no-store" }).then((answer) => answer.ok, () => false);
        if (isThere) item.losses += 1;
        return item.losses > mostLosses;
    }

    #wait(seconds, reason) {
        clearTimeout(this.#timer);
        this.#pauseReason = reason;
        this.#pauseUntil = performance.now() + seconds * 1000;
        this.#timer = setTimeout(() => this.goOn(), seconds * 1000);
    }
}

function queryFor(item, query) {
    const parameters = new URLSearchParams(query);
    if (item.prefersJPEG && !parameters.has("format")) parameters.set("format", "jpeg");
    return parameters.toString();
}

function unexpected(error) {
    console.error(error);
    return new Problem({ status: 400, title: t("titleBug"), detail: String(error?.message ?? error) });
}
