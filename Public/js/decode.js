/**
 * Decoding, one photo at a time: a camera's photo takes some 100 MB while it is decoded, and two at once have closed
 * many a phone's browser. What is kept is a preview of bounded size, and crops as large as the screen.
 */

/** Pixels of a preview. Photos up to this size are kept as they are. */
const previewPixels = 4e6;
/** Previews have smaller copies down to about this size, so that none is drawn at much less than its own. */
const smallestLevelPixels = 1.5e5;
/** The shorter side of a thumbnail, pixels. */
const thumbnailSize = 160;
/** Above this no browser decodes a photo reliably; the photo is still sent and its result can be downloaded. */
const decodablePixels = 2e8;

let turn = Promise.resolve();

/** Does the work when the one before has ended. */
export function oneAtATime(work) {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
}

/**
 * The photo at preview size.
 *
 * @param size `{width, height}` if known.
 * @returns `{levels, width, height}`: bitmaps, each half as large as the one before, and the size of the photo itself.
 * @throws when the browser cannot decode it.
 */
export function decodePreview(blob, size) {
    return oneAtATime(async () => {
        const pixels = size ? size.width * size.height : 0;
        if (pixels > decodablePixels) throw new Error("too large to show");
        const scale = Math.min(1, Math.sqrt(previewPixels / (pixels || 1)));
        const first = scale < 1 ? await resized(blob, size, scale) : await createImageBitmap(blob);
        const { width, height } = scale < 1 ? size : first;
        const levels = [first];
        for (let last = first; last.width * last.height > smallestLevelPixels; last = levels.at(-1)) {
            levels.push(await resized(last, last, 0.5));
        }
        return { levels, width, height };
    });
}

function resized(source, size, scale) {
    return createImageBitmap(source, {
        resizeWidth: Math.max(1, Math.round(size.width * scale)),
        resizeHeight: Math.max(1, Math.round(size.height * scale)),
        resizeQuality: "high",
    });
}

/** A small picture of the photo's middle for the strip. */
export function thumbnail(blob, size) {
    return oneAtATime(async () => {
        const [width, height] = [Math.min(size.width, size.height * 1.5), Math.min(size.height, size.width * 1.5)];
        const scale = Math.min(1, thumbnailSize / Math.min(width, height));
        const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
        const [left, top] = [(size.width - width) / 2, (size.height - height) / 2].map(Math.floor);
        const middle = await createImageBitmap(blob, left, top, Math.ceil(width), Math.ceil(height), {
            resizeWidth: canvas.width,
            resizeHeight: canvas.height,
            resizeQuality: "medium",
        });
        canvas.getContext("2d").drawImage(middle, 0, 0);
        middle.close();
        return canvas.convertToBlob({ type: "image/webp", quality: 0.8 });
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
