/** Numbers as people read them. */

const number = new Intl.NumberFormat("en");

export function count(value) {
    return number.format(value);
}

export function plural(value, one, many = `${one}s`) {
    return `${count(value)} ${value === 1 ? one : many}`;
}

/** Bytes in decimal units, as file managers show them. */
export function bytes(value) {
    if (value < 1000) return plural(value, "byte");
    const units = ["kB", "MB", "GB"];
    let scaled = value / 1000;
    let unit = 0;
    while (scaled >= 999.5 && unit < units.length - 1) {
        scaled /= 1000;
        unit += 1;
    }
    return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}\u00a0${units[unit]}`;
}

/** An estimated time in words: coarse, because an estimate is. */
export function duration(seconds) {
    if (seconds < 1) return "under a second";
    if (seconds < 10) return plural(Math.round(seconds), "second");
    if (seconds < 55) return `${Math.round(seconds / 5) * 5} seconds`;
    if (seconds < 90) return "a minute";
    if (seconds < 3570) return plural(Math.round(seconds / 60), "minute");
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.round((seconds % 3600) / 60);
    return minutes ? `${plural(hours, "hour")} ${plural(minutes, "minute")}` : plural(hours, "hour");
}

/** A measured time. */
export function measured(seconds) {
    return seconds < 60 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : duration(seconds);
}

export function pixels(width, height) {
    const megapixels = (width * height) / 1e6;
    const size = `${width}\u00a0×\u00a0${height}`;
    return megapixels >= 0.95 ? `${size}, ${megapixels.toFixed(megapixels < 10 ? 1 : 0)}\u00a0megapixels` : size;
}
