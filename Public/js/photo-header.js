/**
 * Reads size and kind of a photo from its first bytes, without decoding it: so that a large photo is never decoded at
 * full size only to learn how large it is.
 */

/**
 * @returns `{kind, width, height, bits, isAnimated}`; width and height as seen, that is after EXIF's orientation.
 *     `kind` is `jpeg` or `png`, or the name of another format, or `unknown`; those have a size where it is at hand.
 */
export async function readPhotoHeader(file) {
    const start = await bytesOf(file, 0, 64);
    if (start.byteLength >= 26 && start.getUint32(0) === 0x89504e47 && start.getUint32(4) === 0x0d0a1a0a) {
        return { kind: "png", width: start.getUint32(16), height: start.getUint32(20), bits: start.getUint8(24) };
    }
    if (start.byteLength > 3 && start.getUint16(0) === 0xffd8) return readJPEG(file);
    return otherKind(start, file);
}

/** Walks the marker segments (ITU-T T.81 §B.1) up to the frame header. */
async function readJPEG(file) {
    let orientation = 1;
    for (let offset = 2; offset + 4 <= file.size; ) {
        const head = await bytesOf(file, offset, 10);
        if (head.byteLength < 4 || head.getUint8(0) !== 0xff) break;
        const marker = head.getUint8(1);
        if (marker === 0xff) {
            offset += 1;
            continue;
        }
        if (isFrame(marker) && head.byteLength >= 9) {
            const [height, width] = [head.getUint16(5), head.getUint16(7)];
            const turned = orientation >= 5;
            return {
                kind: "jpeg",
                bits: head.getUint8(4),
                width: turned ? height : width,
                height: turned ? width : height,
            };
        }
        const length = head.getUint16(2);
        if (length < 2 || marker === 0xda || marker === 0xd9) break;
        if (marker === 0xe1) orientation = exifOrientation(await bytesOf(file, offset + 4, length - 2)) ?? orientation;
        offset += 2 + length;
    }
    return { kind: "jpeg" };
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which lie between them. */
function isFrame(marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** The tag Orientation (0x0112) of the first directory (TIFF 6.0 §2), 1…8, or null. */
function exifOrientation(view) {
    if (view.byteLength < 14 || view.getUint32(0) !== 0x45786966 || view.getUint16(4) !== 0) return null;
    const little = view.getUint16(6) === 0x4949;
    const directory = 6 + view.getUint32(10, little);
    if (directory + 2 > view.byteLength) return null;
    for (let index = 0; index < view.getUint16(directory, little); index += 1) {
        const entry = directory + 2 + index * 12;
        if (entry + 12 > view.byteLength) return null;
        if (view.getUint16(entry, little) !== 0x0112) continue;
        const value = view.getUint16(entry + 8, little);
        return value >= 1 && value <= 8 ? value : null;
    }
    return null;
}

async function otherKind(view, file) {
    const text = latin(view);
    if (text.startsWith("GIF8")) {
        return { kind: "GIF", width: view.getUint16(6, true), height: view.getUint16(8, true), isAnimated: true };
    }
    if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return readWebP(view, text.slice(12, 16));
    if (text.startsWith("BM") && view.byteLength >= 26) {
        return { kind: "BMP", width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
    }
    if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return { kind: "TIFF" };
    // ISO base media (ISO/IEC 14496-12 §4.3): the brands tell what it is.
    if (text.slice(4, 8) === "ftyp") {
        const brands = text.slice(8, 32);
        const kind = /avi[fs]/.test(brands) ? "AVIF" : /hei[cfsx]|mif1/.test(brands) ? "HEIC" : "";
        return kind ? { kind, ...(await spatialExtents(file)) } : { kind: "unknown" };
    }
    if (/^\s*(<\?xml|<svg)/.test(text)) return { kind: "SVG" };
    return { kind: "unknown" };
}

/** The first chunk: extended, lossless or lossy (RFC 9649 §2). */
function readWebP(view, chunk) {
    const kind = "WebP";
    if (view.byteLength < 30) return { kind };
    if (chunk === "VP8X") {
        const three = (offset) => (view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16)) + 1;
        return { kind, width: three(24), height: three(27), isAnimated: Boolean(view.getUint8(20) & 2) };
    }
    if (chunk === "VP8L") {
        const bits = view.getUint32(21, true);
        return { kind, width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    return { kind, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

/** The largest of the boxes `ispe` (ISO/IEC 23008-12 §6.5.3); thumbnails and grids have theirs too. */
async function spatialExtents(file) {
    const view = await bytesOf(file, 0, 1 << 16);
    const text = latin(view);
    let best = {};
    for (let at = text.indexOf("ispe"); at >= 0 && at + 16 <= text.length; at = text.indexOf("ispe", at + 4)) {
        const found = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
        if (!(found.width * found.height <= (best.width ?? 0) * (best.height ?? 0))) best = found;
    }
    return best;
}

function latin(view) {
    return new TextDecoder("latin1").decode(view);
}

async function bytesOf(file, offset, length) {
    return new DataView(await file.slice(offset, offset + length).arrayBuffer());
}
