/**
 * What went wrong, in words for the person at the page: made from a problem+json answer (RFC 9457), from an answer
 * without one, or from a connection that failed.
 */
export class Problem extends Error {
    constructor({ status = 0, title, detail = "", code = "", requestID = "", retryAfterSeconds = null }) {
        super(title);
        Object.assign(this, { status, title, detail, code, requestID, retryAfterSeconds });
    }

    /** Whether the same request may well succeed a little later. */
    get isTemporary() {
        return (this.status === 429 || this.status === 503) && this.retryAfterSeconds !== null;
    }

    /** From an answer's status, header reader and body text. */
    static from(status, header, text) {
        let body = {};
        if (/^application\/(problem\+)?json\b/i.test(header("Content-Type") ?? "")) {
            try {
                body = JSON.parse(text) ?? {};
            } catch {
                // The status alone has to do.
            }
        }
        return new Problem({
            status,
            title: friendlyTitles[body.code] ?? body.title ?? statusTitles[status] ?? `The service answered ${status}`,
            detail: detailText(body),
            code: body.code ?? "",
            requestID: body.request_id ?? header("X-Request-Id") ?? "",
            retryAfterSeconds: retryAfter(header("Retry-After")),
        });
    }

    /** From the `error` of a failed job: a problem object, or text. */
    static fromJob(error) {
        const body = typeof error === "string" ? { detail: error } : (error ?? {});
        return new Problem({
            status: body.status ?? 500,
            title: friendlyTitles[body.code] ?? body.title ?? "The photo could not be deblurred",
            detail: detailText(body),
            code: body.code ?? "",
            requestID: body.request_id ?? "",
        });
    }

    static connection() {
        return new Problem({
            title: "The service cannot be reached",
            detail: "The connection failed or was closed. The service may be restarting, or the network is down.",
        });
    }
}

/** Retry-After (RFC 9110 §10.2.3): seconds, or a date. */
export function retryAfter(value) {
    if (value === null || value === undefined || value === "") return null;
    if (/^\d+$/.test(value.trim())) return Math.min(Number(value), 86400);
    // Date.parse takes much for a date; HTTP's dates end in GMT (RFC 9110 §5.6.7).
    const date = value.trim().endsWith("GMT") ? Date.parse(value) : Number.NaN;
    return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

function detailText({ detail, code, limit, actual }) {
    const advice = advices[code] ?? "";
    const numbers =
        !detail && Number.isFinite(limit) && Number.isFinite(actual) ? `The limit is ${limit}; this is ${actual}.` : "";
    return [detail, numbers, advice].filter(Boolean).join(" ");
}

const friendlyTitles = {
    queue_full: "The service is busy",
    draining: "The service is restarting",
    loading: "The service is starting",
    bad_image: "This file cannot be read as a photo",
    too_many_pixels: "This photo is too large",
    too_small: "This photo is too small",
    unsupported_media_type: "Only JPEG and PNG photos work",
    expired: "This result is no longer kept",
    insufficient_storage: "The service has no room to store the photo",
    unauthorized: "This service needs a key",
};

const advices = {
    bad_image: "It may be damaged or cut off; saving it again from a photo program often helps.",
    expired: "Results are deleted after a while. Deblur the photo again to get a new one.",
};

const statusTitles = {
    404: "Not found",
    408: "Sending the photo took too long",
    409: "The result is not ready yet",
    410: "This result is no longer kept",
    413: "This file is too large",
    415: "Only JPEG and PNG photos work",
    429: "The service is busy",
    502: "The service cannot be reached",
    503: "The service is not available now",
    504: "The service took too long to answer",
    507: "The service has no room to store the photo",
};
