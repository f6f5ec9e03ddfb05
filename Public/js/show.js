import { decodePreview } from "./decode.js";
import { element } from "./dom.js";
import { HeatMap } from "./heat-map.js";
import { ProgressOverlay } from "./progress-overlay.js";
import { Stage } from "./stage.js";
import { t } from "./texts.js";

/**
 * The photo that is looked at, on the stage. Only its pixels are in memory: they are decoded when it is selected, and
 * let go when another is.
 */
export class Show {
    #album;
    #facts;
    #heatMap = new HeatMap();
    #progress = new ProgressOverlay();
    #stage = new Stage([this.#progress, this.#heatMap]);
    #item = null;
    /** Whether its pixels are on the stage or on their way there, and which of its results. */
    #hasPhoto = false;
    #version = 0;
    #wasBusy = false;
    #map = null;

    constructor(album, facts) {
        this.#album = album;
        this.#facts = facts;
        album.on("select", () => this.#update());
        album.on("item", (item) => item === album.selected && this.#update());
        element("heat").addEventListener("click", () => this.#setMapShown(!this.#heatMap.isShown));
        this.#update();
    }

    get viewer() {
        return this.#stage.viewer;
    }

    #update() {
        const item = this.#album.selected;
        if (item !== this.#item) {
            this.#item = item;
            this.#hasPhoto = this.#wasBusy = false;
            this.#version = 0;
            this.#progress.item = item;
            this.clearMap();
            if (!item) this.#stage.clear();
        }
        if (!item) return;
        this.viewer.setStrength(item.strength);
        this.#showPhoto(item);
        this.#showResult(item);
        if (item.isBusy) this.#stage.redraw();
        if (item.isBusy && this.#map) this.clearMap();
    }

    async #showPhoto(item) {
        if (item.state === "opening" || this.#hasPhoto) return;
        this.#hasPhoto = Boolean(item.photo || item.size);
        const preview = item.photo && (await decodePreview(item.photo, item.size).catch(() => null));
        if (item !== this.#item) return release(preview);
        const size = item.size ?? preview;
        if (!size) this.#stage.clear();
        else this.#stage.show(size, preview && { blob: item.photo, levels: preview.levels, detail: null }, item.name);
        const why = item.state === "failed" ? item.problem?.title : item.photo ? t("noPreview") : "";
        this.#stage.note(preview ? "" : (why ?? ""));
        this.#version = 0;
        this.#showResult(item);
    }

    async #showResult(item) {
        const version = item.result ? item.version : 0;
        const isNew = this.#wasBusy && item.state === "done";
        this.#wasBusy = item.isBusy;
        if (this.#version === version) return;
        this.#version = version;
        if (!version) return this.#stage.setAfter(null);
        const preview = await decodePreview(item.result, item.size).catch(() => null);
        if (item !== this.#item || this.#version !== version) return release(preview);
        if (!preview) return this.#stage.note(t("noResultPreview"));
        if (!this.viewer.size) this.#stage.show(preview, null, item.name);
        this.#stage.note("");
        this.#stage.setAfter({ blob: item.result, levels: preview.levels, detail: null }, isNew);
    }

    #setMapShown(isShown) {
        const item = this.#item;
        if (isShown && !this.#map && item?.tiles.length) {
            this.#heatMap.setExits(item.tiles, item.tilesSize, this.#facts.current.depths);
            this.#setMap("legendWhere");
        }
        this.#heatMap.isShown = isShown && this.#heatMap.hasData;
        element("heat").setAttribute("aria-pressed", String(this.#heatMap.isShown));
        element("legend").hidden = !this.#heatMap.isShown;
        element("stage").classList.toggle("with-map", this.#heatMap.isShown);
        this.#stage.redraw();
    }

    #setMap(title) {
        this.#map = title;
        this.#heatMap.describe(t(title));
    }

    /** The blur of each tile, of a dry run. */
    showBlur(tiles, size) {
        this.#heatMap.setClasses(tiles, size, this.#facts.current.classes);
        this.#setMap("legendBlur");
        this.#setMapShown(true);
    }

    clearMap() {
        this.#map = null;
        this.#heatMap.clear();
        this.#setMapShown(false);
    }
}

function release(preview) {
    for (const bitmap of preview?.levels ?? []) bitmap.close();
}
