import { duration, measured, plural } from "./format.js";

/** Sentences about jobs and results. */

/** The line under the bar of a job that waits. */
export function waitingText(job) {
    const place = job.position > 0 ? `${plural(job.position, "photo")} ahead of yours` : "Next in line";
    return [place, etaText(job.eta_seconds)].filter(Boolean).join(", ");
}

export function etaText(seconds) {
    return Number.isFinite(seconds) ? `about ${duration(Math.max(0, seconds))} left` : "";
}

/** `1=2, 4=6` of the header Deblur-Exits, or the object of a job, as a Map from exit to tiles. */
export function readExits(value) {
    const isText = typeof value === "string";
    const pairs = isText ? value.split(",").map((pair) => pair.split("=")) : Object.entries(value ?? {});
    return new Map(
        pairs.map(([exit, tiles]) => [Number(exit), Number(tiles)]).filter(([exit, tiles]) => exit >= 0 && tiles > 0),
    );
}

/** What became of the tiles. */
export function exitsText(exits) {
    const total = [...exits.values()].reduce((sum, tiles) => sum + tiles, 0);
    if (!total) return "";
    const untouched = exits.get(0) ?? 0;
    if (untouched === total) return "No blur was found: the photo came back as it was.";
    const parts = [`${plural(total - untouched, "tile")} sharpened`];
    if (untouched) parts.push(`${untouched} left as ${untouched === 1 ? "it" : "they"} came`);
    return `${parts.join(", ")}.`;
}

/** How long the work took, of a job's times; empty where they are missing. */
export function tookText(job) {
    const seconds = (Date.parse(job?.finished_at) - Date.parse(job?.started_at)) / 1000;
    return seconds >= 0 ? `It took ${measured(seconds)}.` : "";
}

/** A dry run's verdict. */
export function blurText(report, classes) {
    const values = report.tiles.map((tile) => tile.class).filter((value) => value !== null);
    if (!values.length) return { text: "Estimate", detail: secondsText(report.estimatedSeconds) };
    const last = Math.max((classes || 0) - 1, ...values, 1);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length / last;
    const words = ["Strongly blurred.", "Clearly blurred.", "Slightly blurred.", "Sharp already."];
    const text = words[[0.25, 0.5, 0.8].filter((limit) => mean >= limit).length];
    return { text, detail: secondsText(report.estimatedSeconds) };
}

function secondsText(seconds) {
    return Number.isFinite(seconds) ? `Deblurring takes about ${duration(seconds)} here when nothing else waits.` : "";
}
