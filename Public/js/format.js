import { language, t } from "./texts.js";

/** Numbers as people read them. */

function number(value, digits = 0) {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(language, options).format(value);
}

/** Bytes in decimal units, as file managers show them. */
export function bytes(value) {
    if (value < 1000) return t("bytes", { n: value });
    const units = t("byteUnits").split(" ");
    let scaled = value / 1000;
    let unit = 0;
    while (scaled >= 999.5 && unit < units.length - 1) {
        scaled /= 1000;
        unit += 1;
    }
    return `${number(scaled, scaled < 9.95 ? 1 : 0)}\u00a0${units[unit]}`;
}

/** An estimated time in words: coarse, because an estimate is. */
export function duration(seconds) {
    if (seconds < 1) return t("underASecond");
    if (seconds < 10) return t("seconds", { n: Math.round(seconds) });
    if (seconds < 55) return t("seconds", { n: Math.round(seconds / 5) * 5 });
    if (seconds < 3570) return t("minutes", { n: Math.max(1, Math.round(seconds / 60)) });
    const minutes = Math.round(seconds / 60);
    const parts = [t("hours", { n: Math.floor(minutes / 60) }), minutes % 60 && t("minutes", { n: minutes % 60 })];
    return parts.filter(Boolean).join(" ");
}

/** The same with "about", which "under a second" does not need. */
export function about(seconds) {
    return seconds < 1 ? duration(seconds) : t("about", { time: duration(seconds) });
}

/** A measured time. */
export function measured(seconds) {
    if (seconds < 1) return duration(seconds);
    return seconds < 60 ? `${number(seconds, seconds < 10 ? 1 : 0)}\u00a0s` : duration(seconds);
}

export function megapixels(pixels) {
    return number(pixels / 1e6, pixels < 9.95e6 ? 1 : 0);
}

export function pixels(width, height) {
    const size = `${width}\u00a0×\u00a0${height}`;
    return width * height >= 950000 ? t("megapixels", { size, n: megapixels(width * height) }) : size;
}
