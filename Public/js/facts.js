/** What is known of the service before anything is sent: its limits, its speed, what its model can do. */

/** Sub-decoders that gain less than this say nothing to anybody, decibels. */
const leastGain = 0.01;

export class Facts {
    name = "";
    digest = "";
    classes = 0;
    subDecoders = 0;
    /** Depths that differ in their results; one or none: there is nothing to choose. */
    depths = [];
    maxBytes = Infinity;
    maxPixels = Infinity;
    secondsPerTile = null;
    #tile = 384;
    #overlap = 32;

    constructor(model = {}) {
        const { service = {} } = model;
        this.name = model.name ?? "";
        this.digest = model.digest ?? "";
        this.classes = model.classes ?? 0;
        this.subDecoders = model.sub_decoders ?? 0;
        this.depths = usefulDepths(model.increments_db, this.subDecoders);
        this.maxBytes = service.max_body_bytes ?? Infinity;
        this.maxPixels = service.max_pixels ?? Infinity;
        this.secondsPerTile = service.seconds_per_tile ?? null;
        this.#tile = model.tile ?? 384;
        this.#overlap = model.overlap ?? 32;
    }

    /** Seconds that a photo takes at most on the service without other work; null where that cannot be told. */
    seconds(size) {
        if (!size || !(this.secondsPerTile > 0)) return null;
        const along = (length) =>
            length <= this.#tile ? 1 : Math.ceil((length - this.#tile) / (this.#tile - this.#overlap)) + 1;
        // Tiles of a photo that is smaller than one take as much less.
        const part = (Math.min(size.width, this.#tile) * Math.min(size.height, this.#tile)) / this.#tile ** 2;
        return along(size.width) * along(size.height) * part * this.secondsPerTile;
    }
}

/** Without increments every depth may differ; with them those do that gain something for some class. */
function usefulDepths(increments, count) {
    const all = Array.from({ length: count }, (_, index) => index + 1);
    if (!Array.isArray(increments)) return all;
    return all.filter((depth) => depth === 1 || increments.some((row) => Math.abs(row?.[depth - 1] ?? 0) >= leastGain));
}

/** Asks the service once, and again when what it said is old; asks for the key where it has one. */
export class FactsSource {
    #service;
    #asked = null;
    #at = 0;
    current = new Facts();
    onChange = () => {};

    constructor(service) {
        this.#service = service;
    }

    /** @param quiet without asking for a key. */
    async load(quiet = false) {
        this.#asked ??= this.#service
            .json("model", { quiet })
            .then((model) => {
                this.current = new Facts(model);
                this.#at = performance.now();
                this.onChange(this.current);
            })
            .finally(() => {
                this.#asked = null;
            });
        await this.#asked.catch(() => {});
        return this.current;
    }

    /** What is known, after the key was asked for where one is needed; never fails. */
    async beforeUpload() {
        if (this.#asked) await this.load(true);
        return this.#at ? this.current : this.load();
    }
}
