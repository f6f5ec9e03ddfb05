/**
 * Reads size and kind of a photo from its first bytes, without decoding it: so that a large photo is never decoded at
 * full size only to learn how large it is.
 */

/**
 * @returns `{kind, width, height, bits}`; width and height as seen, that is after EXIF's orientation. `kind` is `jpeg`
 *     or `png`, or the name of another format, or `unknown`; those have no width and height.
 */
export async function readPhotoHeader(file) {
    const start = await bytesOf(file, 0, 64);
    if (start.byteLength >= 26 && start.getUint32(0) === 0x89504e47 && start.getUint32(4) === 0x0d0a1a0a) {
        return { kind: "png", width: start.getUint32(16), height: start.getUint32(20), bits: start.getUint8(24) };
    }
    if (start.byteLength > 3 && start.getUint16(0) === 0xffd8) return readJPEG(file);
    return { kind: otherKind(start) };
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

function otherKind(view) {
    const text = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    if (text.startsWith("GIF8")) return "GIF";
    if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "WebP";
    if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return "TIFF";
    // ISO base media (ISO/IEC 14496-12 §4.3): the brands tell what it is.
    if (text.slice(4, 8) === "ftyp") {
        const brands = text.slice(8, 32);
        return /avi[fs]/.test(brands) ? "AVIF" : /hei[cfsx]|mif1/.test(brands) ? "HEIC" : "a video";
    }
    if (/^\s*(<\?xml|<svg)/.test(text)) return "SVG";
    return "unknown";
}

async function bytesOf(file, offset, length) {
    return new DataView(await file.slice(offset, offset + length).arrayBuffer());
}
