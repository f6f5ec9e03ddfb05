/**
 * Decoding, one photo at a time: a camera's photo takes some 100 MB while it is decoded, and two at once have closed
 * many a phone's browser. What is kept is a preview of bounded size, and crops as large as the screen.
 */

/** Pixels of a preview. Photos up to this size are kept as they are. */
const previewPixels = 4e6;
/** Above this no browser decodes a photo reliably; the photo is still sent and its result can be downloaded. */
const decodablePixels = 2e8;

let turn = Promise.resolve();

function oneAtATime(work) {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
}

/**
 * The photo at preview size.
 *
 * @param size `{width, height}` if known.
 * @returns `{bitmap, width, height}`: width and height of the photo itself.
 * @throws when the browser cannot decode it.
 */
export function decodePreview(blob, size) {
    return oneAtATime(async () => {
        const pixels = size ? size.width * size.height : 0;
        if (pixels > decodablePixels) throw new Error("too large to show");
        if (!size || pixels <= previewPixels) {
            const bitmap = await createImageBitmap(blob);
            return { bitmap, width: bitmap.width, height: bitmap.height };
        }
        const scale = Math.sqrt(previewPixels / pixels);
        const bitmap = await createImageBitmap(blob, {
            resizeWidth: Math.max(1, Math.round(size.width * scale)),
            resizeHeight: Math.max(1, Math.round(size.height * scale)),
            resizeQuality: "high",
        });
        return { bitmap, width: size.width, height: size.height };
    });
}

/**
 * A part of the photo.
 *
 * @param area `{x, y, width, height}` in pixels of the photo.
 * @param scale at most so many pixels per pixel of the photo, 1 at most.
 * @param isWanted asked when it is this crop's turn; false skips it and gives null.
 */
export function decodeCrop(blob, area, scale, isWanted) {
    return oneAtATime(async () => {
        if (!isWanted()) return null;
        const options = {};
        if (scale < 1) {
            options.resizeWidth = Math.max(1, Math.round(area.width * scale));
            options.resizeHeight = Math.max(1, Math.round(area.height * scale));
            options.resizeQuality = "high";
        }
        return createImageBitmap(blob, area.x, area.y, area.width, area.height, options);
    });
}
