import { decodePreview } from "./decode.js";
import { bytes, pixels } from "./format.js";
import { readPhotoHeader } from "./photo-header.js";
import { Problem } from "./problem.js";

/** A photo of the user: the file, what its header says, and a preview where the browser can make one. */
export class Photo {
    constructor(file, header, layer, size) {
        this.file = file;
        this.header = header;
        this.layer = layer;
        /** `{width, height}`, or null where neither header nor browser could tell. */
        this.size = size;
    }

    /** @throws Problem for what is no JPEG or PNG: that needs no upload to find out. */
    static async open(file) {
        let header;
        try {
            header = await readPhotoHeader(file);
        } catch {
            throw new Problem({ title: "This file cannot be read", detail: "It may have been moved or deleted." });
        }
        if (header.kind !== "jpeg" && header.kind !== "png") {
            throw new Problem({
                title: "Only JPEG and PNG photos work",
                detail:
                    header.kind === "unknown"
                        ? "This file is neither."
                        : `This is ${header.kind}. Save or export it as JPEG or PNG and try again.`,
            });
        }
        let size = header.width > 0 && header.height > 0 ? { width: header.width, height: header.height } : null;
        let layer = null;
        try {
            const preview = await decodePreview(file, size);
            layer = { blob: file, bitmap: preview.bitmap, detail: null };
            size = { width: preview.width, height: preview.height };
        } catch {
            // Damaged, or too large for the browser. The service judges that better than the page.
        }
        return new Photo(file, header, layer, size);
    }

    get facts() {
        const depth = this.header.bits === 16 ? ", 16 bit" : "";
        const parts = [this.size && pixels(this.size.width, this.size.height), this.header.kind.toUpperCase() + depth];
        return [...parts, bytes(this.file.size)].filter(Boolean).join(" · ");
    }
}

/** `holiday.jpeg` becomes `holiday-deblurred.png` for a PNG result. */
export function resultName(name, contentType) {
    const stem = name.replace(/\.[^.]*$/, "") || "photo";
    return `${stem}-deblurred.${/png/.test(contentType) ? "png" : "jpg"}`;
}
