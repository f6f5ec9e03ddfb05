import { about, bytes, duration, measured, pixels } from "./format.js";
import { t } from "./texts.js";

/** Sentences about photos: what one is, how far it is, what came of it. */

export function factsText(item) {
    const kind = item.kind ? item.kind.toUpperCase() + depthText(item.bits) : "";
    const file = joined("\u00a0·\u00a0", kind, item.photo && bytes(item.photo.size));
    return joined(" · ", item.size && pixels(item.size.width, item.size.height), file);
}

/** What was done to the file before it was sent. */
export function noteText(item) {
    if (!item.convertedFrom) return "";
    const text = t(item.kind === "png" ? "convertedPNG" : "convertedJPEG", { kind: item.convertedFrom });
    return item.isAnimated ? `${text} ${t("convertedFirst")}` : text;
}

/** A few words for the strip. */
export function stateText(item) {
    switch (item.state) {
        case "opening": return t("stateOpening");
        case "ready": return t("stateReady");
        case "sending": return item.share < 1 ? `${t("stateSending")} ${percent(item.share)}` : t("stateSending");
        case "waiting": return t("stateWaiting");
        case "queued": return item.position > 0 ? t("statePlace", { n: item.position }) : t("stateNext");
        case "running": return item.total ? percent(item.done / item.total) : t("stateRunning");
        case "fetching": return t("stateFetching");
        case "done": return t(item.isUnchanged ? "stateSame" : "stateDone");
        default: return t("stateFailed");
    }
}

function percent(share) {
    return `${Math.floor(share * 100)}\u00a0%`;
}

/** The bar of a photo that is worked on: `{text, share, detail}`; share null where it is not known. */
export function progressText(item) {
    const left = item.secondsLeft;
    const eta = left === null ? "" : t("left", { time: about(left) });
    const again = item.wasSentAgain ? t("sentAgain") : "";
    const lost = item.isConnectionLost ? t("lost") : "";
    switch (item.state) {
        case "sending":
            if (item.share < 1) return { text: t("sending"), share: item.share, detail: bytes(item.photo.size) };
            return { text: t("working"), share: null, detail: again };
        case "queued": {
            const place = item.position > 0 ? t("ahead", { n: item.position }) : t("next");
            return { text: t("waiting"), share: null, detail: lost || joined(", ", place, eta) || again };
        }
        case "running": {
            const parts = item.total ? t("parts", { done: item.done, n: item.total }) : "";
            const share = item.total ? item.done / item.total : null;
            return { text: t("deblurring"), share, detail: lost || joined(", ", parts, eta) };
        }
        case "fetching": return { text: t("fetching"), share: null, detail: "" };
        case "opening": return { text: t("stateOpening"), share: null, detail: "" };
        default: return { text: t("waiting"), share: null, detail: again || t("waitingHere") };
    }
}

/** What came of it: `{text, detail}`. */
export function outcomeText(item) {
    const total = [...item.exits.values()].reduce((sum, tiles) => sum + tiles, 0);
    const type = item.result.type.replace("image/", "").toUpperCase();
    const file = `${type}${depthText(item.resultBits)}\u00a0·\u00a0${bytes(item.result.size)}`;
    const took = item.seconds === null ? "" : t("took", { time: measured(item.seconds) });
    if (item.isUnchanged) {
        return { text: t("outcomeNothing"), detail: joined(" ", t("outcomeNothingDetail"), took, file) };
    }
    const short = item.deadline ? item.deadline.shallower + item.deadline.untouched : 0;
    if (short) {
        const detail = t("outcomeTimeDetail", { n: short, total: total || short });
        return { text: t("outcomeTime"), detail: joined(" ", detail, took, file) };
    }
    const untouched = item.exits.get(0) ?? 0;
    const parts = total
        ? joined(", ", t("sharpened", { n: total - untouched }), untouched && t("leftAlone", { n: untouched }))
        : "";
    return { text: t("outcomeDone"), detail: joined(" ", parts && `${parts}.`, took, file) };
}

/** A dry run's verdict: `{text, detail}`. */
export function blurText(tiles, seconds, classes) {
    const detail = Number.isFinite(seconds) ? t("estimateExact", { time: about(seconds) }) : "";
    const values = tiles.map((tile) => tile.class).filter((value) => value !== null);
    if (!values.length) return { text: t("estimateOnly"), detail };
    const last = Math.max((classes || 0) - 1, ...values, 1);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length / last;
    const words = ["blurStrong", "blurClear", "blurSlight", "blurNone"];
    return { text: t(words[[0.25, 0.5, 0.8].filter((limit) => mean >= limit).length]), detail };
}

/** How long the photos will take at most, before they are sent; empty where nobody can tell. */
export function estimateText(items, facts) {
    const seconds = items.map((item) => facts.seconds(item.size));
    if (!seconds.length || seconds.includes(null)) return "";
    const total = seconds.reduce((sum, value) => sum + value, 0);
    return total < 1 ? t("estimateShort") : t("estimate", { time: duration(total) });
}

/** Until all photos are done that are worked on or wait; null where nobody can tell. */
export function albumSecondsLeft(items, facts) {
    const seconds = items.map((item) => item.secondsLeft ?? facts.seconds(item.size));
    if (!seconds.length || seconds.includes(null)) return null;
    // What the service has already counts what is before it.
    const known = items.map((item) => item.secondsLeft ?? 0);
    const unknown = items.map((item) => (item.secondsLeft === null ? facts.seconds(item.size) : 0));
    return Math.max(...known) + unknown.reduce((sum, value) => sum + value, 0);
}

function depthText(bits) {
    return bits === 16 ? `, ${t("bits", { n: 16 })}` : "";
}

function joined(separator, ...parts) {
    return parts.filter(Boolean).join(separator);
}
