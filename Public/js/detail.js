import { decodeCrop } from "./decode.js";
import { loupeArea } from "./painter.js";

const settleMilliseconds = 200;
/** Pixels of a crop at most, what lies around the visible part included. */
const cropPixels = 4e6;

/**
 * Sharp pixels where the user looks closer than the preview goes: crops of what is visible and of what is under the
 * loupe, decoded from the files one after the other once all has come to rest.
 */
export class Detail {
    #viewer;
    #timer = 0;
    #generation = 0;

    constructor(viewer) {
        this.#viewer = viewer;
    }

    /** To be called whenever the view changed. */
    schedule() {
        this.#generation += 1;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#load(this.#generation), settleMilliseconds);
    }

    async #load(generation) {
        const viewer = this.#viewer;
        if (!viewer.size) return;
        for (const layer of [viewer.before, viewer.after]) {
            if (!layer || layer.levels[0].width >= viewer.size.width) continue;
            const isWanted = () =>
                generation === this.#generation && (viewer.before === layer || viewer.after === layer);
            const isCoarse = (zoom) => zoom > layer.levels[0].width / viewer.size.width;
            const close = viewer.loupe && isCoarse(1) ? whole(loupeArea(viewer), viewer) : null;
            await this.#crop(layer, "close", close, 1, isWanted);
            if (isCoarse(viewer.zoom)) await this.#crop(layer, "detail", this.#around(), viewer.zoom, isWanted);
        }
    }

    async #crop(layer, name, area, scale, isWanted) {
        if (!area || !isWanted()) return;
        const bitmap = await decodeCrop(layer.blob, area, scale, isWanted).catch(() => null);
        // Without one the preview stays: less sharp, and still the photo.
        if (!bitmap) return;
        if (!isWanted()) return bitmap.close();
        layer[name]?.bitmap.close();
        layer[name] = { bitmap, area };
        this.#viewer.invalidate();
    }

    /** What is visible, and what a short drag makes visible. */
    #around() {
        const viewer = this.#viewer;
        const { left, top, right, bottom } = viewer.visible;
        const start = viewer.toPhoto({ x: left, y: top });
        const end = viewer.toPhoto({ x: right, y: bottom });
        const [width, height] = [end.x - start.x, end.y - start.y];
        const density = Math.min(1, viewer.zoom) ** 2;
        const growth = Math.min(2, Math.sqrt(cropPixels / (width * height * density)));
        if (!(growth > 0)) return null;
        const [more, below] = [(width * (growth - 1)) / 2, (height * (growth - 1)) / 2];
        const area = { x: start.x - more, y: start.y - below, width: width + 2 * more, height: height + 2 * below };
        return whole(area, viewer);
    }
}

/** In whole pixels, inside the photo; null where nothing of it is. */
function whole(area, { size }) {
    const [x, y] = [Math.max(0, Math.floor(area.x)), Math.max(0, Math.floor(area.y))];
    const width = Math.min(size.width, Math.ceil(area.x + area.width)) - x;
    const height = Math.min(size.height, Math.ceil(area.y + area.height)) - y;
    return width > 0 && height > 0 ? { x, y, width, height } : null;
}
