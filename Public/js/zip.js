/**
 * A zip of files as they are (PKWARE APPNOTE 6.3.10, method 0: photos are compressed already). Nothing is copied: the
 * archive is a Blob of the files' Blobs with headers between them.
 */

const utf8Names = 1 << 11;
/** From here on a 32-bit field says "look into the zip64 field" (APPNOTE §4.5.3). */
const limit32 = 0xffffffff;
const limit16 = 0xffff;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
});

/** CRC-32 (ISO/IEC 13239) of a Blob, read in pieces. */
export async function crc32(blob) {
    let crc = limit32;
    for (const reader = blob.stream().getReader(); ; ) {
        const { value, done } = await reader.read();
        if (done) return (crc ^ limit32) >>> 0;
        for (let index = 0; index < value.length; index += 1) crc = table[(crc ^ value[index]) & 255] ^ (crc >>> 8);
    }
}

/** @param files `{name, blob}`, each name once. */
export async function zip(files, now = new Date()) {
    const parts = [];
    const entries = [];
    let offset = 0;
    for (const { name, blob } of files) {
        const entry = { name: new TextEncoder().encode(name), size: blob.size, crc: await crc32(blob), offset, now };
        const header = localHeader(entry);
        parts.push(header, blob);
        entries.push(entry);
        offset += header.length + blob.size;
    }
    const directory = entries.map(directoryEntry);
    const size = directory.reduce((sum, entry) => sum + entry.length, 0);
    return new Blob([...parts, ...directory, ...ending(entries.length, size, offset)], { type: "application/zip" });
}

/** §4.3.7 */
function localHeader({ name, size, crc, now }) {
    const isLarge = size >= limit32;
    const extra = isLarge ? fields([2, 1], [2, 16], [8, size], [8, size]) : new Uint8Array();
    return joined(
        fields(
            [4, 0x04034b50], [2, isLarge ? 45 : 20], [2, utf8Names], [2, 0], ...time(now), [4, crc],
            [4, Math.min(size, limit32)], [4, Math.min(size, limit32)], [2, name.length], [2, extra.length]),
        name, extra);
}

/** §4.3.12; the host is Unix (3), the mode that of an ordinary file. */
function directoryEntry({ name, size, crc, offset, now }) {
    const large = [...(size >= limit32 ? [size, size] : []), ...(offset >= limit32 ? [offset] : [])];
    const extra = large.length
        ? fields([2, 1], [2, 8 * large.length], ...large.map((value) => [8, value])) : new Uint8Array();
    const version = large.length ? 45 : 20;
    return joined(
        fields(
            [4, 0x02014b50], [2, (3 << 8) | version], [2, version], [2, utf8Names], [2, 0], ...time(now), [4, crc],
            [4, Math.min(size, limit32)], [4, Math.min(size, limit32)], [2, name.length], [2, extra.length], [2, 0],
            [2, 0], [2, 0], [4, 0o100644 * 65536], [4, Math.min(offset, limit32)]),
        name, extra);
}

/** §4.3.14 to §4.3.16 */
function ending(count, size, offset) {
    const isLarge = count >= limit16 || size >= limit32 || offset >= limit32;
    const large = isLarge
        ? [fields(
            [4, 0x06064b50], [8, 44], [2, (3 << 8) | 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, size],
            [8, offset], [4, 0x07064b50], [4, 0], [8, offset + size], [4, 1])]
        : [];
    const entries = Math.min(count, limit16);
    return [...large, fields(
        [4, 0x06054b50], [2, 0], [2, 0], [2, entries], [2, entries], [4, Math.min(size, limit32)],
        [4, Math.min(offset, limit32)], [2, 0])];
}

/** MS-DOS time and date (§4.4.6), local. */
function time(date) {
    const year = Math.max(1980, date.getFullYear());
    return [
        [2, (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1)],
        [2, ((year - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate()],
    ];
}

/** Little-endian numbers, each as `[bytes, value]`. */
function fields(...values) {
    const bytes = new Uint8Array(values.reduce((sum, [length]) => sum + length, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const [length, value] of values) {
        if (length === 2) view.setUint16(at, value, true);
        else if (length === 4) view.setUint32(at, value, true);
        else view.setBigUint64(at, BigInt(value), true);
        at += length;
    }
    return bytes;
}

function joined(...arrays) {
    const all = new Uint8Array(arrays.reduce((sum, array) => sum + array.length, 0));
    let at = 0;
    for (const array of arrays) {
        all.set(array, at);
        at += array.length;
    }
    return all;
}
