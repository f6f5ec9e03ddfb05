import { thumbnail } from "./decode.js";
import { bytes, megapixels } from "./format.js";
import { Item } from "./item.js";
import { Problem } from "./problem.js";
import { keepItem } from "./store.js";
import { t } from "./texts.js";

/**
 * From a file to a photo of the strip: what it is, whether this service takes it, its small picture. What cannot become
 * a photo stays in the strip with a sentence; one that fails stops no other.
 */
export class Intake {
    #album;
    #facts;
    #turn = Promise.resolve();

    constructor(album, facts) {
        this.#album = album;
        this.#facts = facts;
    }

    /** @returns when all of them are ready or refused. */
    bring(files) {
        const items = [...files].map((file) => Object.assign(new Item(), { name: file.name || t("pasted") }));
        this.#album.add(items);
        // What is brought is safe before it is looked at.
        items.forEach((item, index) => keepItem(item.record, { photo: files[index] }));
        // One after the other: a phone has memory for one photo.
        const work = items.map((item, index) => () => this.#open(item, files[index]));
        for (const step of work) this.#turn = this.#turn.then(step);
        return this.#turn.then(() => items);
    }

    async #open(item, file) {
        try {
            const facts = await this.#facts.beforeUpload();
            await this.#read(item, file, facts);
            item.state = "ready";
        } catch (error) {
            const problem = error instanceof Problem ? error : Problem.of("UnreadableFile");
            if (!(error instanceof Problem)) console.warn(error);
            item.state = "failed";
            item.problem = problem.record;
            // It may still be tried elsewhere, or looked at.
            item.photo ??= file;
        }
        await this.#album.keep(item, "photo", "thumbnail");
    }

    async #read(item, file, facts) {
        const { readPhotoHeader } = await loaded(import("./photo-header.js"));
        const header = await readPhotoHeader(file);
        const size = header.width > 0 && header.height > 0 ? { width: header.width, height: header.height } : null;
        checkPixels(size, facts);
        if (header.kind === "jpeg" || header.kind === "png") {
            checkBytes(file, facts);
            if (!size) throw Problem.of("BadImage");
            Object.assign(item, { photo: file, kind: header.kind, bits: header.bits, size });
        } else {
            const { convert } = await loaded(import("./convert.js"));
            const made = await convert(file, header, facts);
            Object.assign(item, made);
            checkPixels(item.size, facts);
            checkBytes(item.photo, facts);
        }
        // One that this browser cannot decode is still sent: the service judges that better.
        item.thumbnail = await thumbnail(item.photo, item.size).catch(() => null);
    }
}

/** A part of the page that the service does not give now: the photo can be tried again. */
function loaded(part) {
    return part.catch(() => {
        throw Problem.connection();
    });
}

function checkPixels(size, { maxPixels }) {
    if (!size || size.width * size.height <= maxPixels) return;
    const [limit, actual] = [megapixels(maxPixels), megapixels(size.width * size.height)];
    throw Problem.of("TooManyPixels", { limit, actual });
}

function checkBytes(blob, { maxBytes }) {
    if (blob.size > maxBytes) throw Problem.of("TooLarge", { limit: bytes(maxBytes), actual: bytes(blob.size) }, 413);
}
