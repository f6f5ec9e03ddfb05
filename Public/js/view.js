import { bytes, pixels } from "./format.js";
import { decodePreview } from "./decode.js";
import { element } from "./dom.js";
import { Photo, resultName } from "./photo.js";
import { readPhotoHeader } from "./photo-header.js";
import { keptPhoto } from "./store.js";
import { blurText, etaText, exitsText, readExits, tookText, waitingText } from "./summary.js";
import { readTile, readTiles } from "./tiles.js";

/** What the session finds out, shown. */
export class View {
    #panel;
    #stage;
    #heatMap;
    #progress;
    #model = {};
    #resultURL = null;
    /** What is known of the job, put together from whole jobs and events. */
    #job = {};
    #etaAt = 0;
    #clock = 0;
    #connection = "live";
    photo = null;
    /** Does the last request again. */
    retry = null;

    constructor({ panel, stage, heatMap, progress }) {
        this.#panel = panel;
        this.#stage = stage;
        this.#heatMap = heatMap;
        this.#progress = progress;
        panel.setState("empty");
    }

    setModel(model, options) {
        this.#model = model;
        options.setSubDecoders(model.sub_decoders ?? 4);
        const label = element("model");
        label.textContent = model.name ? `Model ${model.name}` : "";
        label.title = model.digest ? `${model.name} ${model.digest.slice(0, 12)}` : "";
    }

    show(photo) {
        this.reset();
        this.photo = photo;
        this.#panel.setFacts(photo.file.name || "Pasted photo", photo.facts);
        if (photo.size) this.#stage.show(photo.size, photo.layer, photo.file.name || "Pasted photo");
        this.#stage.note(photo.layer ? "" : "This browser cannot show this photo. The service may be able to read it.");
        element("options-details").hidden = false;
        this.#panel.setState("ready");
        this.#panel.announce(`${photo.file.name || "Photo"} is ready. ${photo.facts}`);
        this.#panel.focusFirstAction();
    }

    /** Back to the invitation. */
    reset() {
        this.release();
        this.photo = null;
        this.#stage.clear();
        this.#panel.setFacts("", "");
        this.#panel.setState("empty");
    }

    /** Lets go of the last result. */
    release() {
        if (this.#resultURL) URL.revokeObjectURL(this.#resultURL);
        this.#resultURL = null;
        this.#panel.setDownload(null, "");
        this.#panel.setOutcome("", "");
        this.#stage.setAfter(null);
        this.#progress.stop();
        this.#heatMap.clear();
        this.#panel.setHeat(null, false);
        clearInterval(this.#clock);
    }

    toggleHeat() {
        this.#heatMap.isShown = !this.#heatMap.isShown;
        this.#panel.setHeat("", this.#heatMap.isShown);
        this.#stage.redraw();
    }

    sending(share) {
        if (share === 0) {
            this.release();
            this.#panel.setState("busy");
            this.#progress.start();
        }
        if (share < 1) this.#panel.setProgress("Sending", share, bytes(this.photo.file.size));
        else this.#panel.setProgress("Working", null);
    }

    assessing(share) {
        if (share === 0) {
            this.release();
            this.#panel.setState("busy");
        }
        if (share < 1) this.#panel.setProgress("Sending", share, bytes(this.photo.file.size));
        else this.#panel.setProgress("Looking for blur", null);
    }

    attaching() {
        this.#panel.setState("busy");
        this.#panel.setProgress("Finding your photo again", null);
    }

    /** A job from before a reload: the photo may still be in the browser, else there is a frame of its size. */
    async attached(job) {
        const file = await keptPhoto(job.id);
        const photo = file ? await Photo.open(file).catch(() => null) : null;
        const size = photo?.size ?? (job.width && job.height ? { width: job.width, height: job.height } : null);
        const name = file?.name ?? "Your photo";
        this.photo = photo;
        if (size) this.#stage.show(size, photo?.layer ?? null, name);
        const facts = photo?.facts ?? (size ? pixels(size.width, size.height) : "");
        this.#panel.setFacts(name, facts);
        this.#progress.start();
    }

    progress(type, data) {
        if (type === "tile") this.#tile(data);
        else this.#job = { ...this.#job, ...data };
        if (type === "started") this.#job.state = "running";
        if (type === "queued") this.#job.state = "queued";
        if (Number.isFinite(data.eta_seconds)) this.#etaAt = performance.now();
        this.#progress.setSize(this.#job);
        this.#showJob();
        clearInterval(this.#clock);
        this.#clock = setInterval(() => this.#showJob(), 1000);
    }

    #tile(data) {
        const tile = readTile(data.tile ?? data);
        if (tile) this.#progress.finish(tile);
        const done = data.done ?? data.tiles?.done ?? (this.#job.tiles?.done ?? 0) + 1;
        const total = data.total ?? data.tiles?.total ?? this.#job.tiles?.total;
        // Events that come again after a reconnection never turn progress back.
        this.#job.tiles = { total, done: Math.max(done, this.#job.tiles?.done ?? 0) };
        this.#job.state = "running";
        if (Number.isFinite(data.eta_seconds)) this.#job.eta_seconds = data.eta_seconds;
        this.#stage.redraw();
    }

    #showJob() {
        const job = this.#job;
        const since = (performance.now() - this.#etaAt) / 1000;
        const eta = Number.isFinite(job.eta_seconds) ? Math.max(0, job.eta_seconds - since) : null;
        const lost = this.#connection === "lost" ? "Connection lost, trying again. The work goes on." : "";
        if (job.state === "running") {
            const { done = 0, total = 0 } = job.tiles ?? {};
            const detail = lost || [total && `${done} of ${total} tiles`, etaText(eta)].filter(Boolean).join(", ");
            this.#panel.setProgress("Deblurring", total ? done / total : null, detail);
        } else if (job.state === "queued") {
            this.#panel.setProgress("Waiting", null, lost || waitingText({ ...job, eta_seconds: eta }));
        }
    }

    connection(state) {
        if (state === this.#connection) return;
        this.#connection = state;
        this.#showJob();
    }

    fetching() {
        clearInterval(this.#clock);
        this.#panel.setProgress("Fetching the result", null);
    }

    async finished({ blob, header, job, exits }) {
        clearInterval(this.#clock);
        const kind = await readPhotoHeader(blob).catch(() => ({}));
        const known = this.photo?.size ?? (kind.width ? { width: kind.width, height: kind.height } : null);
        let layer = null;
        try {
            const preview = await decodePreview(blob, known);
            layer = { blob, bitmap: preview.bitmap, detail: null };
            if (!this.#stage.viewer.size) this.#stage.show(preview, null, "Result");
        } catch {
            this.#stage.note("This browser cannot show the result. Download it.");
        }
        this.#progress.stop();
        if (layer) this.#stage.note("");
        this.#stage.setAfter(layer);
        this.#resultURL = URL.createObjectURL(blob);
        const type = blob.type || header("Content-Type") || "";
        this.#panel.setDownload(this.#resultURL, resultName(this.photo?.file.name ?? "photo", type));
        this.#setExits(exits, job);
        this.#panel.setState("done");
        // A result alone cannot be made again: the photo is not here.
        for (const id of ["again", "options-details"]) element(id).hidden = !this.photo;
        const depth = kind.bits === 16 ? ", 16 bit" : "";
        const facts = `${type.replace("image/", "").toUpperCase()}${depth} · ${bytes(blob.size)}`;
        const counts = exitsText(readExits(job?.exits ?? header("Deblur-Exits") ?? {}));
        this.#panel.setOutcome("Done.", [counts, tookText(job), facts].filter(Boolean).join(" "));
        if (document.activeElement === document.body) this.#panel.focusFirstAction();
        this.#job = {};
    }

    #setExits(exits, job) {
        const tiles = readTiles(exits?.tiles ?? exits);
        if (!tiles.length) return this.#panel.setHeat(null, false);
        this.#heatMap.setExits(tiles, sizeOf(exits) ?? sizeOf(job), this.#model.sub_decoders);
        this.#heatMap.describe("Sub-decoders each tile went through");
        this.#panel.setHeat("", false);
    }

    assessed(report) {
        const tiles = readTiles(report.tiles);
        this.#panel.setState("ready");
        const words = blurText({ tiles, estimatedSeconds: report.estimated_seconds }, this.#model.classes);
        this.#panel.setOutcome(words.text, words.detail);
        if (!tiles.some((tile) => tile.class !== null)) return;
        this.#heatMap.setClasses(tiles, sizeOf(report), this.#model.classes);
        this.#heatMap.describe("Blur of each tile");
        this.#heatMap.isShown = true;
        this.#panel.setHeat("", true);
        this.#stage.redraw();
    }

    cancelled() {
        this.#back();
        this.#panel.announce("Cancelled.");
    }

    failed(problem) {
        this.#back();
        const canRetry = ![400, 404, 410, 413, 415, 422].includes(problem.status);
        this.#panel.error.show(problem, canRetry ? this.retry : null);
    }

    /** To the photo as it was before the work, or to the invitation. */
    #back() {
        clearInterval(this.#clock);
        this.#job = {};
        this.release();
        if (this.photo) this.#panel.setState("ready");
        else this.reset();
    }
}

function sizeOf(value) {
    return value?.width > 0 && value?.height > 0 ? { width: value.width, height: value.height } : null;
}
