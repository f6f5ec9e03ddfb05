import { decodeCrop } from "./decode.js";

const settleMilliseconds = 200;

/**
 * Sharp pixels where the user zoomed in further than the preview goes: crops of what is visible, decoded from the files
 * one after the other once zoom and pan have come to rest.
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
        for (const layer of [viewer.before, viewer.after]) {
            if (!layer || !viewer.size || viewer.zoom <= layer.bitmap.width / viewer.size.width) continue;
            if (layer.bitmap.width >= viewer.size.width) continue;
            const area = this.#visibleArea();
            const isWanted = () =>
                generation === this.#generation && (viewer.before === layer || viewer.after === layer);
            let bitmap;
            try {
                bitmap = await decodeCrop(layer.blob, area, viewer.zoom, isWanted);
            } catch {
                // The preview stays: less sharp, and still the photo.
            }
            if (!bitmap) continue;
            if (!isWanted()) {
                bitmap.close();
                return;
            }
            layer.detail?.bitmap.close();
            layer.detail = { bitmap, area };
            viewer.invalidate();
        }
    }

    /** In whole pixels of the photo. */
    #visibleArea() {
        const viewer = this.#viewer;
        const { left, top, right, bottom } = viewer.visible;
        const start = viewer.toPhoto({ x: left, y: top });
        const end = viewer.toPhoto({ x: right, y: bottom });
        const x = Math.max(0, Math.floor(start.x));
        const y = Math.max(0, Math.floor(start.y));
        return {
            x,
            y,
            width: Math.max(1, Math.min(viewer.size.width, Math.ceil(end.x)) - x),
            height: Math.max(1, Math.min(viewer.size.height, Math.ceil(end.y)) - y),
        };
    }
}
