import { element } from "./dom.js";
import { Detail } from "./detail.js";
import { Gestures } from "./gestures.js";
import { Viewer } from "./viewer.js";

/** The viewer together with what stands around it in the page: divider, corner labels, zoom buttons. */
export class Stage {
    constructor(overlays) {
        this.viewer = new Viewer(element("canvas"));
        this.viewer.overlays = overlays;
        const detail = new Detail(this.viewer);
        this.viewer.onChange = () => {
            this.#update();
            detail.schedule();
        };
        new Gestures(this.viewer, element("stage"), element("divider"));
        const zoom = (id, action) => element(id).addEventListener("click", action);
        zoom("zoom-in", () => this.viewer.zoomTo(this.viewer.zoom * 1.5));
        zoom("zoom-out", () => this.viewer.zoomTo(this.viewer.zoom / 1.5));
        zoom("zoom-fit", () => this.viewer.fit());
        zoom("zoom-full", () => this.viewer.zoomTo(1));
    }

    /** Shows a photo, or with a null layer an empty frame of its size. */
    show(size, layer, name) {
        this.viewer.show(size, layer);
        const stage = element("stage");
        stage.tabIndex = 0;
        stage.setAttribute("role", "application");
        stage.setAttribute("aria-roledescription", "photo viewer");
        stage.setAttribute("aria-label", `${name}, ${size.width} by ${size.height} pixels`);
        stage.setAttribute("aria-describedby", "stage-keys");
        this.#update();
    }

    clear() {
        this.viewer.clear();
        const stage = element("stage");
        stage.tabIndex = -1;
        stage.setAttribute("role", "group");
        stage.setAttribute("aria-label", "No photo yet");
        stage.removeAttribute("aria-roledescription");
        stage.removeAttribute("aria-describedby");
        this.note("");
        this.#update();
    }

    setAfter(layer) {
        this.viewer.setAfter(layer);
        this.#update();
    }

    /** A sentence in place of a photo that cannot be shown. */
    note(text) {
        element("no-preview").textContent = text;
        element("no-preview").hidden = !text;
    }

    redraw() {
        this.viewer.invalidate();
    }

    #update() {
        const { viewer } = this;
        const isCompared = Boolean(viewer.after && viewer.before);
        const stage = element("stage");
        stage.classList.toggle("compared", isCompared);
        stage.classList.toggle("zoomed", Boolean(viewer.size) && !viewer.isFitted);
        element("zoom").hidden = !viewer.size || !(viewer.before || viewer.after);
        element("zoom-value").textContent = `${Math.round(viewer.zoom * 100)} %`;
        const divider = element("divider");
        divider.hidden = !isCompared;
        if (!isCompared) return;
        const { left, top, right, bottom } = viewer.visible;
        const percent = Math.round(viewer.split * 100);
        divider.style.transform = `translateX(${viewer.splitX}px)`;
        divider.style.top = `${top}px`;
        divider.style.height = `${bottom - top}px`;
        divider.setAttribute("aria-valuenow", String(percent));
        divider.setAttribute("aria-valuetext", `${percent} % before, ${100 - percent} % after`);
        this.#corner(".before", left + 12, null, top + 12, viewer.splitX - left);
        this.#corner(".after", null, viewer.stage.width - right + 12, top + 12, right - viewer.splitX);
    }

    /** A label goes away where the divider leaves it no room. */
    #corner(name, left, right, top, room) {
        const label = element("stage").querySelector(`.corner${name}`);
        label.style.top = `${top}px`;
        if (left !== null) label.style.left = `${left}px`;
        if (right !== null) label.style.right = `${right}px`;
        label.classList.toggle("faded", room < 90);
    }
}
