import { pause } from "./dom.js";
import { EventStreamParser } from "./event-stream.js";
import { Problem } from "./problem.js";

/** The service pings every 15 s: a stream that is silent for longer than two pings is dead. */
const silenceSeconds = 35;
const pollSeconds = 2;
/** So many streams without a single event, then polling. */
const failuresBeforePolling = 3;
const longestDelaySeconds = 10;

const finalStates = new Set(["succeeded", "failed", "cancelled"]);

/**
 * Follows a job until it has ended: by its event stream, resumed where it broke off, or by polling where no stream gets
 * through (proxies that buffer, services without one).
 *
 * @param onUpdate called with `(type, data)`: `job` with a whole job, else an event's type and its data.
 * @param onConnection called with `live`, `polling` or `lost`.
 * @returns the job in its final state.
 */
export async function followJob(service, id, { signal, onUpdate, onConnection }) {
    const path = `jobs/${encodeURIComponent(id)}`;
    const parser = { lastEventID: "", retrySeconds: 1 };
    for (let failures = 0; failures < failuresBeforePolling; ) {
        const seen = await readStream(service, `${path}/events`, parser, signal, (type, data) => {
            onConnection("live");
            onUpdate(type, data);
        });
        signal.throwIfAborted();
        if (seen === "unsupported") break;
        if (seen === "final") {
            const job = await poll(service, path, signal, onConnection);
            if (finalStates.has(job.state)) return job;
        }
        failures = seen === "some" || seen === "final" ? 0 : failures + 1;
        if (seen === "none") onConnection("lost");
        await pause(Math.min(longestDelaySeconds, parser.retrySeconds * 2 ** failures), signal);
    }
    for (;;) {
        const job = await poll(service, path, signal, onConnection);
        onUpdate("job", job);
        if (finalStates.has(job.state)) return job;
        onConnection("polling");
        await pause(pollSeconds, signal);
    }
}

/** @returns `final`, `some` (events came, then it broke off), `none`, or `unsupported`. */
async function readStream(service, path, memory, signal, onEvent) {
    const parser = new EventStreamParser();
    parser.lastEventID = memory.lastEventID;
    const watch = new AbortController();
    const abort = () => watch.abort();
    signal.addEventListener("abort", abort);
    let timer = setTimeout(abort, silenceSeconds * 1000);
    let result = "none";
    try {
        const headers = { Accept: "text/event-stream" };
        if (memory.lastEventID) headers["Last-Event-ID"] = memory.lastEventID;
        const response = await service.fetch(path, { headers, signal: watch.signal });
        if (!/^text\/event-stream\b/i.test(response.headers.get("Content-Type") ?? "")) return "unsupported";
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return result;
            clearTimeout(timer);
            timer = setTimeout(abort, silenceSeconds * 1000);
            for (const event of parser.feed(value)) {
                memory.lastEventID = parser.lastEventID;
                const data = decode(event.data);
                if (!data) continue;
                result = finalStates.has(event.type) ? "final" : "some";
                onEvent(event.type, data);
                if (result === "final") return result;
            }
            if (parser.retryMilliseconds !== null) memory.retrySeconds = parser.retryMilliseconds / 1000;
        }
    } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof Problem && [404, 405, 406, 501].includes(error.status)) return "unsupported";
        if (error instanceof Problem && [401, 403, 410].includes(error.status)) throw error;
        return result;
    } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        watch.abort();
    }
}

/** The job, however long the connection is away; a definite answer that it is gone is thrown. */
async function poll(service, path, signal, onConnection) {
    for (let delay = 1; ; delay = Math.min(longestDelaySeconds, delay * 2)) {
        try {
            return await service.json(path, { signal });
        } catch (error) {
            if (signal.aborted) throw signal.reason;
            if (!(error instanceof Problem && mayPass(error.status))) throw error;
            onConnection("lost");
            await pause(error.retryAfterSeconds ?? delay, signal);
        }
    }
}

/** No connection, too many requests, a service or proxy in trouble. */
function mayPass(status) {
    return status === 0 || status === 429 || (status >= 500 && status !== 501);
}

function decode(text) {
    try {
        const data = JSON.parse(text);
        return typeof data === "object" ? data : null;
    } catch {
        return null;
    }
}
