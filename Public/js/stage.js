import { Compare } from "./compare.js";
import { Detail } from "./detail.js";
import { element } from "./dom.js";
import { Gestures } from "./gestures.js";
import { t } from "./texts.js";
import { Viewer } from "./viewer.js";

/** The viewer together with what stands around it in the page: divider, corner labels, buttons. */
export class Stage {
    #compare;

    constructor(overlays) {
        this.viewer = new Viewer(element("canvas"));
        this.viewer.overlays = overlays;
        const detail = new Detail(this.viewer);
        this.viewer.onChange = () => {
            this.#update();
            detail.schedule();
        };
        new Gestures(this.viewer, element("stage"), element("divider"));
        this.#compare = new Compare(this.viewer, () => this.#update());
        const zoom = (id, action) => element(id).addEventListener("click", action);
        zoom("zoom-in", () => this.viewer.zoomTo(this.viewer.zoom * 1.5));
        zoom("zoom-out", () => this.viewer.zoomTo(this.viewer.zoom / 1.5));
        zoom("zoom-fit", () => this.viewer.fit());
        zoom("zoom-full", () => this.viewer.zoomTo(1));
        new ResizeObserver(() => this.#reserve()).observe(element("toolbar"));
    }

    /** The buttons lie over the stage: the photo is fitted above them. */
    #reserve() {
        const [stage, toolbar] = ["stage", "toolbar"].map((id) => element(id).getBoundingClientRect());
        const reserve = toolbar.height ? stage.bottom - toolbar.top : 0;
        this.viewer.setReserve(reserve);
        // One row of them or two: the section has the height for both photo and buttons.
        if (reserve) element("stage-section").style.setProperty("--reserve", `${Math.round(reserve) + 6}px`);
    }

    /** Shows a photo, or with a null layer an empty frame of its size. */
    show(size, layer, name) {
        this.viewer.show(size, layer);
        element("stage-section").style.setProperty("--ratio", String(size.width / size.height));
        const stage = element("stage");
        stage.tabIndex = 0;
        stage.setAttribute("role", "application");
        stage.setAttribute("aria-roledescription", t("photoViewer"));
        const [width, height] = [String(size.width), String(size.height)];
        stage.setAttribute("aria-label", t("photoLabel", { name, width, height }));
        stage.setAttribute("aria-describedby", "stage-keys");
        this.#update();
    }

    clear() {
        this.viewer.clear();
        element("stage-section").style.removeProperty("--ratio");
        const stage = element("stage");
        stage.tabIndex = -1;
        stage.setAttribute("role", "group");
        stage.setAttribute("aria-label", t("noPhoto"));
        stage.removeAttribute("aria-roledescription");
        stage.removeAttribute("aria-describedby");
        this.note("");
        this.#compare.reset();
        this.#update();
    }

    setAfter(layer, isNew = false) {
        this.viewer.setAfter(layer, isNew);
        this.#compare.reset();
        this.#update();
    }

    /** A sentence in place of a photo that cannot be shown. */
    note(text) {
        element("no-preview").textContent = text;
        element("no-preview").hidden = !text;
        this.#update();
    }

    redraw() {
        this.viewer.invalidate();
    }

    #update() {
        const { viewer } = this;
        const isCompared = Boolean(viewer.after && viewer.before);
        const isSideBySide = viewer.panes.length > 1;
        const stage = element("stage");
        element("stage-section").classList.toggle("bare", !viewer.size && !element("no-preview").hidden);
        element("stage-section").classList.toggle("in-two", isSideBySide);
        stage.classList.toggle("compared", isCompared);
        stage.classList.toggle("zoomed", Boolean(viewer.size) && (!viewer.isFitted || isSideBySide));
        stage.classList.toggle("with-loupe", Boolean(viewer.loupe));
        element("toolbar").hidden = !viewer.size || !(viewer.before || viewer.after);
        element("compare").hidden = !isCompared;
        element("zoom-value").textContent = `${Math.round(viewer.zoom * 100)}\u00a0%`;
        const divider = element("divider");
        divider.hidden = !isCompared || isSideBySide || viewer.showsOriginal;
        if (!isCompared) return;
        const { left, top, right, bottom } = viewer.visible;
        const percent = Math.round(viewer.split * 100);
        divider.style.transform = `translateX(${viewer.splitX}px)`;
        divider.style.top = `${top}px`;
        divider.style.height = `${bottom - top}px`;
        divider.setAttribute("aria-valuenow", String(percent));
        divider.setAttribute("aria-valuetext", t("dividerValue", { before: percent, after: 100 - percent }));
        this.#updateCorners({ left, top, right }, isSideBySide);
    }

    /** A label goes away where the divider leaves it no room. */
    #updateCorners({ left, top, right }, isSideBySide) {
        const { viewer } = this;
        const [before, after] = ["before", "after"].map((name) => element(`corner-${name}`));
        const pane = viewer.panes.at(-1);
        place(before, { left: left + 12, top: top + 12 });
        before.classList.toggle("faded", !viewer.showsOriginal && !isSideBySide && viewer.splitX - left < 90);
        if (isSideBySide) place(after, { left: pane.x + left + 12, top: pane.y + top + 12 });
        else place(after, { right: viewer.stage.width - right + 12, top: top + 12 });
        after.classList.toggle("faded", viewer.showsOriginal || (!isSideBySide && right - viewer.splitX < 90));
    }
}

function place(label, { left, right, top }) {
    label.style.top = `${top}px`;
    label.style.left = left === undefined ? "auto" : `${left}px`;
    label.style.right = right === undefined ? "auto" : `${right}px`;
}
