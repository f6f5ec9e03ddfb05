/** A photo of the strip: what was brought, how far it is, what came of it. */

const busyStates = new Set(["waiting", "sending", "queued", "running", "fetching"]);
/** What a reload brings back; blobs are kept apart (store.js). */
const kept = [
    "id", "order", "tab", "name", "state", "kind", "bits", "size", "convertedFrom", "isAnimated", "prefersJPEG",
    "query", "jobID", "strength", "resultBits", "exits", "tiles", "tilesSize", "seconds", "deadline", "problem",
];

export class Item {
    id = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    order = 0;
    /** The page that works on it (tabs.js). */
    tab = "";
    name = "";
    /** `opening`, `ready`, then `waiting`, `sending`, `queued`, `running`, `fetching`, at last `done` or `failed`. */
    state = "opening";

    /** What is sent: the file as it was brought, or its JPEG or PNG form. Null for a job from elsewhere. */
    photo = null;
    /** Of what is sent: `jpeg` or `png`, and bits per channel. */
    kind = "";
    bits = 8;
    /** `{width, height}` as seen, or null where nobody could tell. */
    size = null;
    /** The format that the file had, where the page made another of it. */
    convertedFrom = "";
    isAnimated = false;
    /** Whether its result is better a JPEG although a PNG was sent. */
    prefersJPEG = false;
    /** A small picture as a Blob, or null. */
    thumbnail = null;

    /** The parameters it was sent with. */
    query = "";
    jobID = "";
    /** Shown on 429: who sends it again in time is served before newcomers. */
    ticket = "";
    /** How often the service had lost it since the last sign of progress. */
    losses = 0;
    wasSentAgain = false;
    /** Of the upload, 0…1. */
    share = 0;
    done = 0;
    total = 0;
    position = null;
    etaSeconds = null;
    etaAt = 0;
    isConnectionLost = false;
    /** Rectangles of tiles that are finished, while it is worked on. */
    finished = [];

    /** The sharp photo at full strength. */
    result = null;
    /** Counts results: another one is there. */
    version = 0;
    resultBits = 8;
    /** A Map from exit to its number of tiles. */
    exits = new Map();
    /** Each tile with its exit, and the size that their coordinates are of. */
    tiles = [];
    tilesSize = null;
    /** How long the work took. */
    seconds = null;
    /** `{shallower, untouched}`: tiles that a time limit cost their depth. */
    deadline = null;
    /** How much of the correction is seen and downloaded, 0…1. */
    strength = 1;
    /** The last file made at another strength: `{strength, blob}`. */
    mix = null;
    /** `{title, detail, code, requestID, status}` of a photo that failed. */
    problem = null;

    get isBusy() {
        return busyStates.has(this.state);
    }

    get isReady() {
        return this.state === "ready";
    }

    get isFinal() {
        return this.state === "done" || this.state === "failed";
    }

    /** Whether the service found nothing to sharpen. */
    get isUnchanged() {
        return this.state === "done" && this.exits.size === 1 && this.exits.has(0) && !this.deadline?.untouched;
    }

    /** Seconds until it is done, or null. */
    get secondsLeft() {
        if (!Number.isFinite(this.etaSeconds)) return null;
        return Math.max(0, this.etaSeconds - (performance.now() - this.etaAt) / 1000);
    }

    setETA(seconds) {
        if (!Number.isFinite(seconds)) return;
        this.etaSeconds = seconds;
        this.etaAt = performance.now();
    }

    /** Before it is sent (again): nothing is known of a job. */
    forgetJob() {
        Object.assign(this, {
            jobID: "", share: 0, done: 0, total: 0, position: null, etaSeconds: null, finished: [],
            isConnectionLost: false,
        });
    }

    forgetResult() {
        Object.assign(this, {
            result: null, exits: new Map(), tiles: [], tilesSize: null, seconds: null, deadline: null, mix: null,
            problem: null,
        });
    }

    /** What can be stored as it is. */
    get record() {
        return Object.fromEntries(kept.map((name) => [name, this[name]]));
    }

    static from(record, blobs) {
        const item = Object.assign(new Item(), record, blobs);
        // What was under way goes on: with its job where it has one, else from the beginning.
        if (item.result) item.version = 1;
        // Its disk was full: the service may still have it.
        else if (item.state === "done") item.state = item.jobID ? "waiting" : "ready";
        if (item.isBusy) item.state = "waiting";
        return item;
    }
}
