import { pause } from "./dom.js";
import { followJob } from "./follow.js";
import { Problem } from "./problem.js";

/** The service's protocol for one photo, from the upload to the result, as a job where the service has jobs. */

/** A query that asks for another strength. */
export function withStrength(query, strength) {
    const parameters = new URLSearchParams(query);
    if (strength < 1) parameters.set("strength", String(strength));
    return parameters.toString();
}

/**
 * Sends a photo.
 *
 * @returns `{job}` of a service with jobs, else `{answer}` with the image. Services without jobs refuse to answer
 *     later; one whose state folder is full takes the photo all the same while the page waits.
 */
export async function send(service, photo, query, { ticket = "", onUpload, signal }) {
    const path = `deblur?${query}`;
    const headers = ticket ? { "Deblur-Ticket": ticket } : {};
    let answer;
    try {
        answer = await service.post(path, photo, {
            onUpload, signal, headers: { ...headers, Prefer: "respond-async" },
        });
    } catch (error) {
        if (!(error instanceof Problem) || ![404, 501, 507].includes(error.status)) throw error;
        answer = await service.post(path, photo, { onUpload, signal, headers });
    }
    return answer.status === 202 ? { job: await readJob(answer) } : { answer };
}

/**
 * Follows a job to its end and fetches its result.
 *
 * @returns `{blob, header(name), job, exits}`; exits as `GET /jobs/{id}/exits` has them, or null.
 * @throws Problem of a job that failed; with code `cancelled` where somebody else has stopped it.
 */
export async function finish(service, id, { signal, onUpdate, onConnection, onFetch }) {
    const path = jobPath(id);
    const job = await followJob(service, id, { signal, onUpdate, onConnection });
    if (job.state === "failed") throw Problem.fromJob(job.error);
    if (job.state === "cancelled") throw Problem.fromJob({ code: "cancelled" });
    onFetch?.();
    const response = await result(service, path, signal);
    const blob = await response.blob().catch((error) => {
        // The connection broke off in the middle of the image.
        throw signal.aborted ? signal.reason : error instanceof TypeError ? Problem.connection() : error;
    });
    const exits = await service.json(`${path}/exits`, { signal, quiet: true }).catch(() => null);
    signal.throwIfAborted();
    return { blob, header: (name) => response.headers.get(name), job, exits };
}

/** A dry run: how blurred the photo is, and how long it would take. */
export async function assess(service, photo, query, { onUpload, signal }) {
    const parameters = new URLSearchParams(query);
    parameters.set("dry_run", "1");
    const headers = { Accept: "application/json" };
    const answer = await service.post(`deblur?${parameters}`, photo, { headers, onUpload, signal });
    return JSON.parse(await answer.blob.text());
}

async function result(service, path, signal) {
    for (;;) {
        try {
            return await service.fetch(`${path}/result`, { signal });
        } catch (error) {
            if (!(error instanceof Problem) || error.status !== 409) throw error;
            await pause(error.retryAfterSeconds ?? 1, signal);
        }
    }
}

function jobPath(id) {
    return `jobs/${encodeURIComponent(id)}`;
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
    if (!id) throw Problem.fromJob({ code: "answer" });
    return { state: "queued", ...job, id };
}
