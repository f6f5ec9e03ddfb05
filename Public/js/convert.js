import { oneAtATime } from "./decode.js";
import { Problem } from "./problem.js";
import { t } from "./texts.js";

/**
 * Formats that the service does not read and this browser does: decoded here and sent as PNG, which loses nothing of
 * the pixels, or as JPEG where the PNG would be more than the service takes.
 */

const jpegQuality = 0.95;
/** A result as PNG would be ten times as large as what came. */
const lossyKinds = new Set(["WebP", "AVIF", "HEIC"]);
/** Rows are looked at in pieces of so many pixels, so that the page stays alive. */
const piecePixels = 1 << 20;

/**
 * @param header of readPhotoHeader.
 * @returns fields of an Item: `photo`, `kind`, `bits`, `size`, `convertedFrom`, `isAnimated`,
 *     `prefersJPEG`.
 * @throws Problem where this browser cannot decode it either.
 */
export function convert(file, header, facts) {
    return oneAtATime(async () => {
        const bitmap = await createImageBitmap(file).catch(() => {
            throw refusal(header.kind);
        });
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        canvas.getContext("2d", { willReadFrequently: true }).drawImage(bitmap, 0, 0);
        bitmap.close();
        const isOpaque = !(await hasAlpha(canvas));
        let photo = await canvas.convertToBlob({ type: "image/png" });
        if (photo.size > facts.maxBytes && isOpaque) {
            photo = await canvas.convertToBlob({ type: "image/jpeg", quality: jpegQuality });
        }
        return {
            photo,
            kind: photo.type === "image/png" ? "png" : "jpeg",
            bits: 8,
            size: { width: canvas.width, height: canvas.height },
            convertedFrom: header.kind === "unknown" ? file.type.replace(/^image\//, "") || "?" : header.kind,
            isAnimated: Boolean(header.isAnimated),
            prefersJPEG: isOpaque && lossyKinds.has(header.kind),
        };
    });
}

function refusal(kind) {
    const problem = Problem.of("NotAPhoto", {}, 415);
    if (kind === "HEIC") problem.detail = t("detailHEIC");
    else if (kind !== "unknown") problem.detail = t("detailFormat", { kind });
    return problem;
}

async function hasAlpha(canvas) {
    const context = canvas.getContext("2d");
    const rows = Math.max(1, Math.floor(piecePixels / canvas.width));
    for (let top = 0; top < canvas.height; top += rows) {
        const { data } = context.getImageData(0, top, canvas.width, Math.min(rows, canvas.height - top));
        for (let index = 3; index < data.length; index += 4) if (data[index] < 255) return true;
        await new Promise((resolve) => setTimeout(resolve));
    }
    return false;
}
