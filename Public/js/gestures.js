const panStep = 60;
const zoomStep = 1.25;

/**
 * Mouse, touch and keyboard on the stage. A drag moves the divider while the whole photo is visible and the photo when
 * it is zoomed; two fingers pinch; wheel and double click zoom. The loupe follows a mouse that hovers, and a finger.
 */
export class Gestures {
    #viewer;
    #stage;
    #handle;
    /** Pointers that are down, by id, at stage points. */
    #pointers = new Map();
    /** What a drag moves: `divider`, `photo` or `loupe`. */
    #moves = "photo";
    /** The pane that a drag began in: both are the same photo. */
    #pane = { x: 0, y: 0 };

    constructor(viewer, stage, handle) {
        this.#viewer = viewer;
        this.#stage = stage;
        this.#handle = handle;
        stage.addEventListener("pointerdown", (event) => this.#down(event));
        stage.addEventListener("pointermove", (event) => this.#move(event));
        for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
            stage.addEventListener(type, (event) => this.#pointers.delete(event.pointerId));
        }
        stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
        stage.addEventListener("dblclick", (event) => this.#toggleZoom(event));
        stage.addEventListener("keydown", (event) => this.#stageKey(event));
        handle.addEventListener("keydown", (event) => this.#handleKey(event));
    }

    /** In the coordinates of the pane that it lies in, or that a drag began in. */
    #point(event) {
        const box = this.#stage.getBoundingClientRect();
        const point = { x: event.clientX - box.left, y: event.clientY - box.top };
        if (!this.#pointers.size) {
            this.#pane = this.#viewer.panes.findLast((pane) => point.x >= pane.x && point.y >= pane.y) ?? this.#pane;
        }
        return { x: point.x - this.#pane.x, y: point.y - this.#pane.y };
    }

    #down(event) {
        const isControl = event.target.closest("button, a, input, label");
        if (!this.#viewer.size || event.button !== 0 || isControl) return;
        const point = this.#point(event);
        this.#pointers.set(event.pointerId, point);
        this.#stage.setPointerCapture(event.pointerId);
        const onHandle = this.#handle.contains(event.target);
        const hasDivider = Boolean(this.#viewer.after) && !this.#viewer.isSideBySide;
        if (this.#pointers.size > 1) this.#moves = "photo";
        else if (onHandle) this.#moves = "divider";
        else if (this.#viewer.loupe && event.pointerType === "touch") this.#moves = "loupe";
        else this.#moves = hasDivider && this.#viewer.isFitted && !this.#viewer.loupe ? "divider" : "photo";
        if (this.#moves === "divider" && !onHandle) this.#moveDivider(point.x);
        if (this.#moves === "loupe") this.#viewer.setLoupe(point);
    }

    #move(event) {
        const last = this.#pointers.get(event.pointerId);
        const point = this.#point(event);
        if (this.#viewer.loupe && (!last || this.#moves === "loupe")) this.#viewer.setLoupe(point);
        if (!last) return;
        if (this.#pointers.size === 2) this.#pinch(event.pointerId, last, point);
        else if (this.#moves === "divider") this.#moveDivider(point.x);
        else if (this.#moves === "photo") this.#viewer.pan(point.x - last.x, point.y - last.y);
        this.#pointers.set(event.pointerId, point);
    }

    #pinch(id, last, point) {
        const [, other] = [...this.#pointers].find(([key]) => key !== id);
        const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
        const before = distance(last, other);
        if (before > 0) {
            const anchor = { x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 };
            this.#viewer.zoomTo((this.#viewer.zoom * distance(point, other)) / before, anchor);
        }
        this.#viewer.pan((point.x - last.x) / 2, (point.y - last.y) / 2);
    }

    #moveDivider(x) {
        const { left, right } = this.#viewer.visible;
        if (right > left) this.#viewer.setSplit((x - left) / (right - left));
    }

    #wheel(event) {
        if (!this.#viewer.size) return;
        event.preventDefault();
        // A line (Firefox with a wheel) is some 16 pixels; a pinch on a touchpad comes in small steps with Control.
        const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1) * (event.ctrlKey ? 4 : 1);
        this.#viewer.zoomTo(this.#viewer.zoom * Math.exp(-pixels / 500), this.#point(event));
    }

    #toggleZoom(event) {
        if (!this.#viewer.size || event.target.closest("button")) return;
        // A double click on the divider's handle is a fumble.
        if (this.#handle.contains(event.target)) return;
        if (this.#viewer.isFitted) this.#viewer.zoomTo(1, this.#point(event));
        else this.#viewer.fit();
    }

    #stageKey(event) {
        if (event.target !== this.#stage || event.ctrlKey || event.altKey || event.metaKey) return;
        const viewer = this.#viewer;
        const actions = {
            ArrowLeft: () => viewer.pan(panStep, 0),
            ArrowRight: () => viewer.pan(-panStep, 0),
            ArrowUp: () => viewer.pan(0, panStep),
            ArrowDown: () => viewer.pan(0, -panStep),
            "+": () => viewer.zoomTo(viewer.zoom * zoomStep),
            "=": () => viewer.zoomTo(viewer.zoom * zoomStep),
            "-": () => viewer.zoomTo(viewer.zoom / zoomStep),
            0: () => viewer.fit(),
            1: () => viewer.zoomTo(1),
        };
        if (!viewer.size || !actions[event.key]) return;
        event.preventDefault();
        actions[event.key]();
    }

    /** The keys of a slider (WAI-ARIA practices). */
    #handleKey(event) {
        const steps = {
            ArrowLeft: -0.02,
            ArrowDown: -0.02,
            ArrowRight: 0.02,
            ArrowUp: 0.02,
            PageDown: -0.1,
            PageUp: 0.1,
            Home: -1,
            End: 1,
        };
        if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
        event.preventDefault();
        this.#viewer.setSplit(this.#viewer.split + steps[event.key]);
    }
}
