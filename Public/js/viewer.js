import { prefersStillness } from "./dom.js";

/** Device pixels per pixel of the photo: no use in looking closer. */
const largestZoom = 16;
/** A small photo is not blown up beyond this to fill the stage. */
const largestFit = 3;
/** Around a photo that is fitted into a stage wider than this, CSS pixels: on a phone every pixel counts. */
const fitMargin = 20;
const wideStage = 600;
const revealMilliseconds = 900;

/**
 * The photo on the stage: before and after on either side of a divider, zoom and pan. All drawing goes to one canvas of
 * the stage's size, so memory does not grow with the photo.
 *
 * Coordinates: "photo" = pixels of the photo at full size, "stage" = CSS pixels of the canvas.
 */
export class Viewer {
    #canvas;
    #context;
    #frame = 0;
    #stage = { width: 0, height: 0 };
    /** Photo size; null without a photo. */
    size = null;
    /** `{blob, bitmap, detail: {bitmap, area} | null}`, or null. */
    before = null;
    after = null;
    /** CSS pixels per photo pixel, and the photo's point at the stage's centre. */
    scale = 1;
    centre = { x: 0, y: 0 };
    #isFitted = true;
    /** The divider: 0 = left edge of what is visible of the photo, 1 = right edge. */
    split = 0.5;
    /** Drawn over the photo: objects with `draw(context, viewer)`, true when they need another frame. */
    overlays = [];
    /** Called after each change of scale, position or divider. */
    onChange = () => {};

    constructor(canvas) {
        this.#canvas = canvas;
        const wide = matchMedia("(color-gamut: p3)").matches;
        this.#context = canvas.getContext("2d", wide ? { colorSpace: "display-p3" } : undefined);
        new ResizeObserver(() => this.#resize()).observe(canvas);
    }

    get stage() {
        return this.#stage;
    }

    get pixelRatio() {
        return window.devicePixelRatio || 1;
    }

    /** Device pixels per photo pixel: 1 shows the photo pixel by pixel. */
    get zoom() {
        return this.scale * this.pixelRatio;
    }

    get isFitted() {
        return this.#isFitted;
    }

    /** Shows another photo, from the beginning. `layer` may be null where only the size is known. */
    show(size, layer) {
        this.clear();
        this.size = { width: size.width, height: size.height };
        this.before = layer;
        this.fit();
    }

    clear() {
        for (const layer of [this.before, this.after]) release(layer);
        this.before = this.after = this.size = null;
        this.invalidate();
    }

    /** Adds (or with null takes away) the deblurred photo, and draws the divider in from the right. */
    setAfter(layer) {
        release(this.after);
        this.after = layer;
        if (!layer) return this.invalidate();
        if (!this.before || prefersStillness()) return this.setSplit(this.before ? 0.5 : 0);
        const start = performance.now();
        this.setSplit(1);
        const step = (now) => {
            // Another divider position since the last frame is the user's: leave it.
            if (this.after !== layer || this.split !== last) return;
            const t = Math.min(1, Math.max(0, (now - start) / revealMilliseconds));
            this.setSplit((last = 1 - 0.5 * (1 - (1 - t) ** 3)));
            if (t < 1) requestAnimationFrame(step);
        };
        let last = this.split;
        requestAnimationFrame(step);
    }

    setSplit(value) {
        this.split = Math.min(1, Math.max(0, value));
        this.#changed();
    }

    fit() {
        this.#isFitted = true;
        this.#place();
    }

    /** Zooms to device pixels per photo pixel, keeping the photo's point under a stage point where it is. */
    zoomTo(zoom, anchor = { x: this.#stage.width / 2, y: this.#stage.height / 2 }) {
        if (!this.size) return;
        const fitted = this.#fitScale();
        const largest = Math.max(fitted, largestZoom / this.pixelRatio);
        const scale = Math.min(largest, Math.max(fitted, zoom / this.pixelRatio));
        const point = this.toPhoto(anchor);
        this.#isFitted = scale === fitted;
        this.scale = scale;
        this.centre = {
            x: point.x - (anchor.x - this.#stage.width / 2) / scale,
            y: point.y - (anchor.y - this.#stage.height / 2) / scale,
        };
        this.#place();
    }

    /** Moves the photo by CSS pixels. */
    pan(dx, dy) {
        this.centre = { x: this.centre.x - dx / this.scale, y: this.centre.y - dy / this.scale };
        this.#place();
    }

    toPhoto(point) {
        return {
            x: this.centre.x + (point.x - this.#stage.width / 2) / this.scale,
            y: this.centre.y + (point.y - this.#stage.height / 2) / this.scale,
        };
    }

    toStage(point) {
        return {
            x: this.#stage.width / 2 + (point.x - this.centre.x) * this.scale,
            y: this.#stage.height / 2 + (point.y - this.centre.y) * this.scale,
        };
    }

    /** What is visible of the photo, in stage coordinates. */
    get visible() {
        if (!this.size) return { left: 0, top: 0, right: 0, bottom: 0 };
        const start = this.toStage({ x: 0, y: 0 });
        const end = this.toStage({ x: this.size.width, y: this.size.height });
        return {
            left: Math.max(0, start.x),
            top: Math.max(0, start.y),
            right: Math.min(this.#stage.width, end.x),
            bottom: Math.min(this.#stage.height, end.y),
        };
    }

    get splitX() {
        const { left, right } = this.visible;
        return left + (right - left) * this.split;
    }

    invalidate() {
        this.#frame ||= requestAnimationFrame(() => {
            this.#frame = 0;
            this.#draw();
        });
    }

    #changed() {
        this.onChange();
        this.invalidate();
    }

    #fitScale() {
        const { width, height } = this.#stage;
        const margin = width > wideStage ? 2 * fitMargin : 0;
        const [across, down] = [(width - margin) / this.size.width, (height - margin) / this.size.height];
        return Math.max(0, Math.min(largestFit, across, down)) || 1;
    }

    /** Keeps the photo on the stage: centred where it is smaller, without a gap where it is larger. */
    #place() {
        if (!this.size) return;
        if (this.#isFitted) this.scale = this.#fitScale();
        const clamp = (value, length, room) => {
            const half = room / 2 / this.scale;
            return half * 2 >= length ? length / 2 : Math.min(length - half, Math.max(half, value));
        };
        this.centre = {
            x: clamp(this.centre.x, this.size.width, this.#stage.width),
            y: clamp(this.centre.y, this.size.height, this.#stage.height),
        };
        this.#changed();
    }

    #resize() {
        this.#stage = { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
        this.#canvas.width = Math.round(this.#stage.width * this.pixelRatio);
        this.#canvas.height = Math.round(this.#stage.height * this.pixelRatio);
        this.#place();
        // A resized canvas is empty: drawn at once, not in the next frame, it does not flicker.
        this.#draw();
    }

    #draw() {
        const context = this.#context;
        context.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
        context.clearRect(0, 0, this.#stage.width, this.#stage.height);
        if (!this.size) return;
        const { left, top, right, bottom } = this.visible;
        const middle = this.after ? this.splitX : right;
        this.#drawLayer(this.before, left, top, middle, bottom);
        if (this.after) this.#drawLayer(this.after, middle, top, right, bottom);
        let goesOn = false;
        for (const overlay of this.overlays) goesOn = overlay.draw(context, this) || goesOn;
        if (goesOn) this.invalidate();
    }

    #drawLayer(layer, left, top, right, bottom) {
        if (right <= left || bottom <= top) return;
        const context = this.#context;
        context.save();
        context.beginPath();
        context.rect(left, top, right - left, bottom - top);
        context.clip();
        context.imageSmoothingQuality = "high";
        // From here on people look for pixels, not for a smooth picture.
        context.imageSmoothingEnabled = this.zoom < 3;
        if (layer) {
            this.#drawBitmap(layer.bitmap, { x: 0, y: 0, ...this.size });
            if (layer.detail) this.#drawBitmap(layer.detail.bitmap, layer.detail.area);
        } else {
            context.fillStyle = "rgb(128 128 128 / 0.45)";
            context.fillRect(left, top, right - left, bottom - top);
        }
        context.restore();
    }

    #drawBitmap(bitmap, area) {
        const { x, y } = this.toStage(area);
        this.#context.drawImage(bitmap, x, y, area.width * this.scale, area.height * this.scale);
    }
}

/** Frees a layer's pixels now, not when the collector comes by. */
function release(layer) {
    layer?.bitmap.close();
    layer?.detail?.bitmap.close();
}
