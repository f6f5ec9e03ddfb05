import { element } from "./dom.js";
import { plural } from "./format.js";

/** One error, readable, with the time until it is worth trying again, and the ids by which it is found in a log. */
export class ErrorPanel {
    #announce;
    #timer = 0;
    #retry = null;

    constructor(announce) {
        this.#announce = announce;
        element("error-retry").addEventListener("click", () => this.#try());
        element("error-stop").addEventListener("click", () => {
            this.#stop();
            element("error-retry").focus();
        });
    }

    /** @param retry what to do again, or null. Where the problem is temporary it is done by itself after the wait. */
    show(problem, retry) {
        this.#stop();
        this.#retry = retry;
        element("error-title").textContent = problem.title || problem.message;
        element("error-detail").textContent = problem.detail;
        const codes = [problem.code && `Code: ${problem.code}`, problem.requestID && `Request: ${problem.requestID}`];
        element("error-codes").textContent = codes.filter(Boolean).join(" · ");
        element("error-retry").hidden = !retry;
        element("error-retry").textContent = problem.isTemporary ? "Try again now" : "Try again";
        element("error").hidden = false;
        if (retry && problem.isTemporary) this.#countDown(problem.retryAfterSeconds);
        element("error").scrollIntoView?.({ block: "nearest" });
    }

    hide() {
        this.#stop();
        this.#retry = null;
        element("error").hidden = true;
    }

    #countDown(seconds) {
        // Clients that were turned away together should not come back together.
        const end = performance.now() + (seconds + Math.random() * 0.5) * 1000;
        element("error-wait").hidden = false;
        this.#announce(`Trying again in ${plural(seconds, "second")}.`);
        const tick = () => {
            const left = Math.max(0, (end - performance.now()) / 1000);
            if (left <= 0) return this.#try();
            element("error-wait-text").textContent = `Trying again in ${Math.min(seconds, Math.ceil(left))} s.`;
            this.#timer = setTimeout(tick, Math.min(left, 1) * 1000);
        };
        tick();
    }

    #stop() {
        clearTimeout(this.#timer);
        element("error-wait").hidden = true;
    }

    #try() {
        const retry = this.#retry;
        this.hide();
        retry?.();
    }
}
