import { prefersStillness } from "./dom.js";

const fadeMilliseconds = 700;

/** A veil over the photo that is worked on; it lifts tile by tile, as tiles finish. */
export class ProgressOverlay {
    /** The item that is looked at, or null. */
    item = null;
    /** The veil is made apart from the photo: overlapping tiles are wiped off it, each as often as it likes. */
    #veil = new OffscreenCanvas(1, 1);

    draw(context, viewer) {
        if (!this.item?.isBusy || this.item.state === "waiting") return false;
        const { width, height } = viewer.stage;
        const { left, top, right, bottom } = viewer.visible;
        if (right <= left || bottom <= top) return false;
        if (this.#veil.width !== Math.ceil(width) || this.#veil.height !== Math.ceil(height)) {
            this.#veil.width = Math.ceil(width);
            this.#veil.height = Math.ceil(height);
        }
        const veil = this.#veil.getContext("2d");
        veil.globalCompositeOperation = "source-over";
        veil.clearRect(0, 0, width, height);
        veil.fillStyle = "rgb(10 12 12 / 0.62)";
        veil.fillRect(left, top, right - left, bottom - top);
        veil.globalCompositeOperation = "destination-out";
        const glowing = this.#wipe(veil, viewer);
        context.drawImage(this.#veil, 0, 0);
        context.lineWidth = 1.5;
        for (const { box, age } of glowing) {
            context.strokeStyle = `rgb(255 238 205 / ${0.9 * (1 - age)})`;
            context.strokeRect(box.x + 1, box.y + 1, box.width - 2, box.height - 2);
        }
        return glowing.length > 0;
    }

    /** @returns the tiles that are still fading, which need another frame. */
    #wipe(veil, viewer) {
        const { finished, tilesSize } = this.item;
        // Differs from 1 only where browser and service disagree about the size.
        const ratio = tilesSize ? viewer.size.width / tilesSize.width : 1;
        const length = prefersStillness() ? 0 : fadeMilliseconds;
        const now = performance.now();
        const glowing = [];
        for (const tile of finished) {
            const age = length ? Math.min(1, (now - tile.at) / length) : 1;
            const start = viewer.toStage({ x: tile.x * ratio, y: tile.y * ratio });
            const scale = ratio * viewer.scale;
            const box = { ...start, width: tile.width * scale, height: tile.height * scale };
            veil.fillStyle = `rgb(0 0 0 / ${age})`;
            veil.fillRect(box.x, box.y, box.width, box.height);
            if (age < 1) glowing.push({ box, age });
        }
        return glowing;
    }
}
