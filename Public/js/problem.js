import { bytes, megapixels } from "./format.js";
import { language, t } from "./texts.js";

/**
 * What went wrong, in words for the person at the page: made from a problem+json answer (RFC 9457), from an answer
 * without one, or from a connection that failed.
 */
export class Problem extends Error {
    constructor({ status = 0, title, detail = "", code = "", requestID = "", retryAfterSeconds = null, ticket = "" }) {
        super(title);
        Object.assign(this, { status, title, detail, code, requestID, retryAfterSeconds, ticket });
    }

    /** Whether the same request may well succeed a little later. */
    get isTemporary() {
        return [0, 429, 502, 503, 504].includes(this.status);
    }

    /** Whether asking once more can change anything. */
    get canRetry() {
        return ![400, 413, 415, 422].includes(this.status);
    }

    /** What can be stored. */
    get record() {
        const { status, title, detail, code, requestID } = this;
        return { status, title, detail, code, requestID };
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
            title: titleText(body, status),
            detail: detailText(body),
            code: body.code ?? "",
            requestID: body.request_id ?? header("X-Request-Id") ?? "",
            retryAfterSeconds: retryAfter(header("Retry-After")),
            ticket: header("Deblur-Ticket") ?? "",
        });
    }

    /** From the `error` of a failed job: a problem object, or text. */
    static fromJob(error) {
        const body = typeof error === "string" ? { detail: error } : (error ?? {});
        return new Problem({
            status: body.status ?? 500,
            title: codeTitles[body.code] ? t(codeTitles[body.code]) : (body.title ?? t("titleFailed")),
            detail: detailText(body),
            code: body.code ?? "",
            requestID: body.request_id ?? "",
        });
    }

    /** Of what the page finds out without the service. */
    static of(name, values = {}, status = 422) {
        return new Problem({ status, title: t(`title${name}`), detail: t(`detail${name}`, values) });
    }

    static connection() {
        return new Problem({
            title: t("titleUnreachable"),
            detail: t("detailUnreachable"),
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

function titleText(body, status) {
    if (codeTitles[body.code]) return t(codeTitles[body.code]);
    return body.title ?? (statusTitles[status] ? t(statusTitles[status]) : t("titleStatus", { n: status }));
}

/** The service's own words are English; those that the page can say itself come in the reader's language. */
function detailText({ detail, code, limit, actual }) {
    const hasNumbers = Number.isFinite(limit) && Number.isFinite(actual);
    if (code === "too_many_pixels" && hasNumbers) {
        return t("detailTooManyPixels", { limit: megapixels(limit), actual: megapixels(actual) });
    }
    if (code === "content_too_large" && hasNumbers) {
        return t("detailTooLarge", { limit: bytes(limit), actual: bytes(actual) });
    }
    if (ownDetails[code]) return t(ownDetails[code]);
    const isRead = language === "en" || !codeTitles[code];
    return [isRead && detail, advices[code] && t(advices[code])].filter(Boolean).join(" ");
}

const codeTitles = {
    queue_full: "titleBusy",
    draining: "titleDraining",
    loading: "titleLoading",
    bad_image: "titleBadImage",
    too_many_pixels: "titleTooManyPixels",
    content_too_large: "titleTooLarge",
    too_small: "titleTooSmall",
    unsupported_media_type: "titleUnsupported",
    expired: "titleExpired",
    insufficient_storage: "titleStorage",
    unauthorized: "titleUnauthorized",
    not_found: "titleNotFound",
    abandoned: "titleAbandoned",
    cancelled: "titleStopped",
    answer: "titleAnswer",
};

/** In place of the service's words, and after them. */
const ownDetails = { unauthorized: "keyNote", not_found: "detailNotFound" };
const advices = { bad_image: "detailBadImage", expired: "detailExpired" };

const statusTitles = {
    408: "titleSlow",
    409: "titleUnfinished",
    410: "titleExpired",
    413: "titleTooLarge",
    415: "titleUnsupported",
    429: "titleBusy",
    502: "titleUnreachable",
    503: "titleUnavailable",
    504: "titleTimeout",
    507: "titleStorage",
};
