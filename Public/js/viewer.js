import { prefersStillness } from "./dom.js";
import { paint } from "./painter.js";
import { arrange } from "./panes.js";

/** Device pixels per pixel of the photo: no use in looking closer. */
const largestZoom = 16;
/** A small photo is not blown up beyond this to fill the stage. */
const largestFit = 3;
/** Around a photo that is fitted into a stage wider than this, CSS pixels: on a phone every pixel counts. */
const fitMargin = 20;
const wideStage = 600;
const revealMilliseconds = 900;
/** After the last movement; then the photo is drawn once more, as well as it can be. */
const restMilliseconds = 160;

/**
 * The photo on the stage: before and after on either side of a divider or side by side, mixed by strength, zoom and
 * pan. All drawing goes to one canvas of the stage's size, so memory does not grow with the photo.
 *
 * Coordinates: "photo" = pixels of the photo at full size, "stage" = CSS pixels of a pane (the whole canvas, or its
 * half that the two photos share the place in).
 */
export class Viewer {
    #canvas;
    #context;
    #frame = 0;
    #rest = 0;
    #stage = { width: 0, height: 0 };
    /** At the lower end of the stage, CSS pixels: what lies there covers nothing of a photo that is fitted. */
    #reserve = 0;
    #isFitted = true;
    /** Photo size; null without a photo. */
    size = null;
    /** `{blob, levels, detail: {bitmap, area} | null, close: the same for the loupe}`, or null. */
    before = null;
    after = null;
    /** CSS pixels per photo pixel, and the photo's point at the pane's centre. */
    scale = 1;
    centre = { x: 0, y: 0 };
    /** The divider: 0 = left edge of what is visible of the photo, 1 = right edge. */
    split = 0.5;
    /** How much of the correction is seen, 0…1. */
    strength = 1;
    isSideBySide = false;
    showsOriginal = false;
    /** The point of the stage under the loupe; null without one. */
    loupe = null;
    /** Whether something moves: then drawing is quick, else as good as can be. */
    isMoving = false;
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

    /** The places of the panes, and what each shows: `both`, `before` or `after`. */
    get panes() {
        return this.#places.panes;
    }

    /** The size of a pane. */
    get stage() {
        return this.#places.pane;
    }

    /** The size of the part of a pane that nothing lies over. */
    get room() {
        return this.#places.room;
    }

    get #places() {
        const isInTwo = Boolean(this.isSideBySide && this.after && this.before);
        return arrange(this.#stage, this.#reserve, this.size ? this.size.width / this.size.height : 1, isInTwo);
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

    /** Shows another photo. `layer` may be null where only the size is known. The zoom and the place in it stay. */
    show(size, layer) {
        const place = this.size && { x: this.centre.x / this.size.width, y: this.centre.y / this.size.height };
        this.clear();
        this.size = { width: size.width, height: size.height };
        this.before = layer;
        if (place) this.centre = { x: place.x * size.width, y: place.y * size.height };
        this.#place();
    }

    clear() {
        for (const layer of [this.before, this.after]) release(layer);
        this.before = this.after = this.size = null;
        this.split = 0.5;
        this.invalidate();
    }

    /**
     * Adds (or with null takes away) the deblurred photo.
     *
     * @param isNew draws the divider in from the right.
     */
    setAfter(layer, isNew = false) {
        release(this.after);
        this.after = layer;
        this.#place();
        if (!layer || !isNew || !this.before || this.isSideBySide || prefersStillness()) return;
        const start = performance.now();
        this.setSplit(1);
        let last = this.split;
        const step = (now) => {
            // Another divider position since the last frame is the user's: leave it.
            if (this.after !== layer || this.split !== last) return;
            const t = Math.min(1, Math.max(0, (now - start) / revealMilliseconds));
            this.setSplit((last = 1 - 0.5 * (1 - (1 - t) ** 3)));
            if (t < 1) requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
    }

    setSplit(value) {
        this.split = Math.min(1, Math.max(0, value));
        this.#moved();
    }

    setStrength(value) {
        this.strength = value;
        this.#moved();
    }

    setSideBySide(value) {
        this.isSideBySide = value;
        this.#place();
    }

    setLoupe(point) {
        this.loupe = point;
        this.#moved();
    }

    setOriginal(value) {
        this.showsOriginal = value;
        this.#moved();
    }

    setReserve(value) {
        if (value === this.#reserve) return;
        this.#reserve = value;
        this.#place();
    }

    fit() {
        this.#isFitted = true;
        this.#place();
    }

    /** Zooms to device pixels per photo pixel, keeping the photo's point under a stage point where it is. */
    zoomTo(zoom, anchor = { x: this.stage.width / 2, y: this.stage.height / 2 }) {
        if (!this.size) return;
        const fitted = this.#fitScale();
        const largest = Math.max(fitted, largestZoom / this.pixelRatio);
        const scale = Math.min(largest, Math.max(this.#leastScale, zoom / this.pixelRatio));
        const point = this.toPhoto(anchor);
        this.#isFitted = scale === fitted;
        this.scale = scale;
        this.centre = {
            x: point.x - (anchor.x - this.stage.width / 2) / scale,
            y: point.y - (anchor.y - this.stage.height / 2) / scale,
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
            x: this.centre.x + (point.x - this.stage.width / 2) / this.scale,
            y: this.centre.y + (point.y - this.stage.height / 2) / this.scale,
        };
    }

    toStage(point) {
        return {
            x: this.stage.width / 2 + (point.x - this.centre.x) * this.scale,
            y: this.stage.height / 2 + (point.y - this.centre.y) * this.scale,
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
            right: Math.min(this.stage.width, end.x),
            bottom: Math.min(this.stage.height, end.y),
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

    #moved() {
        this.isMoving = true;
        clearTimeout(this.#rest);
        this.#rest = setTimeout(() => {
            this.isMoving = false;
            this.invalidate();
        }, restMilliseconds);
        this.onChange();
        this.invalidate();
    }

    #fitScale() {
        const { width, height } = this.room;
        const margin = this.#stage.width > wideStage ? (2 * fitMargin) / this.panes.length : 0;
        const [across, down] = [(width - margin) / this.size.width, (height - margin) / this.size.height];
        return Math.max(0, Math.min(largestFit, across, down)) || 1;
    }

    /** A small photo that is blown up to fit can be seen pixel by pixel, too. */
    get #leastScale() {
        return Math.min(this.#fitScale(), 1 / this.pixelRatio);
    }

    /** Keeps the photo in its room: centred where it is smaller, without a gap where it is larger. */
    #place() {
        if (!this.size) return;
        this.#isFitted ||= this.scale < this.#leastScale;
        if (this.#isFitted) this.scale = this.#fitScale();
        const clamp = (value, length, room) => {
            const half = room / 2 / this.scale;
            return half * 2 >= length ? length / 2 : Math.min(length - half, Math.max(half, value));
        };
        const { width, height } = this.room;
        // From the middle of the room to the middle of the pane.
        const shift = (this.stage.height - height) / 2 / this.scale;
        this.centre = {
            x: clamp(this.centre.x, this.size.width, width),
            y: clamp(this.centre.y - shift, this.size.height, height) + shift,
        };
        this.#moved();
    }

    #resize() {
        const before = this.#stage;
        this.#stage = { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
        this.#canvas.width = Math.round(this.#stage.width * this.pixelRatio);
        this.#canvas.height = Math.round(this.#stage.height * this.pixelRatio);
        // It stays where it was on the stage: a phone that is turned has other sides.
        if (this.loupe && before.width > 0 && before.height > 0) {
            const { x, y } = this.loupe;
            this.loupe = { x: (x * this.#stage.width) / before.width, y: (y * this.#stage.height) / before.height };
        }
        this.#place();
        // A resized canvas is empty: drawn at once, not in the next frame, it does not flicker.
        this.#draw();
    }

    #draw() {
        this.#context.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
        this.#context.clearRect(0, 0, this.#stage.width, this.#stage.height);
        if (this.size && paint(this.#context, this)) this.invalidate();
    }
}

/** Frees a layer's pixels now, not when the collector comes by. */
function release(layer) {
    for (const bitmap of [...(layer?.levels ?? []), layer?.detail?.bitmap, layer?.close?.bitmap]) bitmap?.close();
}
