import { thumbnail } from "./decode.js";
import { readPhotoHeader } from "./photo-header.js";
import { finish, send } from "./protocol.js";
import { readExits, readTile, readTiles } from "./tiles.js";

/** One photo from the strip to its result: what the protocol tells is written into the item. */

/**
 * @param onChange called with true when the item should be stored.
 * @throws what {@link send} and {@link finish} throw; the item's state is then the caller's to decide.
 */
export async function work(service, item, { signal, onChange }) {
    if (!item.jobID) {
        item.state = "sending";
        item.share = 0;
        onChange();
        const onUpload = (share) => {
            item.share = share;
            onChange();
        };
        const { job, answer } = await send(service, item.photo, item.query, { ticket: item.ticket, onUpload, signal });
        item.ticket = "";
        if (answer) return take(item, { blob: answer.blob, header: answer.header });
        item.jobID = job.id;
        update(item, "job", job);
        onChange(true);
        signal.throwIfAborted();
    } else {
        item.state = "queued";
    }
    const answer = await finish(service, item.jobID, {
        signal,
        onUpdate: (type, data) => {
            update(item, type, data);
            onChange();
        },
        onConnection: (state) => {
            if (item.isConnectionLost === (state === "lost")) return;
            item.isConnectionLost = state === "lost";
            onChange();
        },
        onFetch: () => {
            item.state = "fetching";
            onChange();
        },
    });
    await take(item, answer);
}

/** A whole job, or an event of one. */
function update(item, type, data) {
    if (type === "tile") {
        item.losses = 0;
        const tile = readTile(data.tile ?? data);
        const isNew = tile && !item.finished.some((other) => other.x === tile.x && other.y === tile.y);
        if (isNew) item.finished.push({ ...tile, at: performance.now() });
        item.state = "running";
        // Events that come again after a reconnection never turn progress back.
        item.done = Math.max(item.done, data.done ?? item.done + 1);
        item.total = data.total ?? item.total;
    } else {
        if (type === "started" || data.state === "running") item.state = "running";
        else if (type === "queued" || data.state === "queued") item.state = "queued";
        item.done = Math.max(item.done, data.tiles?.done ?? 0);
        item.total = data.tiles?.total ?? item.total;
        item.position = data.position ?? null;
        if (data.width > 0 && data.height > 0) item.tilesSize = { width: data.width, height: data.height };
        item.size ??= item.tilesSize;
    }
    item.setETA(data.eta_seconds);
}

async function take(item, { blob, header, job, exits }) {
    const kind = await readPhotoHeader(blob).catch(() => ({}));
    const type = blob.type || header("Content-Type") || "";
    const seconds = (Date.parse(job?.finished_at) - Date.parse(job?.started_at)) / 1000;
    item.size ??= kind.width > 0 ? { width: kind.width, height: kind.height } : null;
    // Of a photo that only the service can read, or that is not here.
    item.thumbnail ??= await thumbnail(blob, item.size).catch(() => null);
    item.forgetResult();
    Object.assign(item, {
        version: item.version + 1,
        result: blob.type === type ? blob : blob.slice(0, blob.size, type),
        resultBits: kind.bits,
        exits: readExits(job?.exits ?? header("Deblur-Exits") ?? {}),
        tiles: readTiles(exits?.tiles ?? exits),
        tilesSize: exits?.width > 0 ? { width: exits.width, height: exits.height } : item.tilesSize,
        seconds: seconds >= 0 ? seconds : inferSeconds(header("Server-Timing")),
        deadline: readDeadline(header("Deblur-Deadline")),
        finished: [],
        state: "done",
    });
}

/** `shallower=3, untouched=1`: tiles that would have gone deeper with more time; null without. */
function readDeadline(value) {
    if (!value) return null;
    const number = (name) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(value)?.[1] ?? 0);
    return { shallower: number("shallower"), untouched: number("untouched") };
}

function inferSeconds(timing) {
    const milliseconds = /\binfer;dur=([\d.]+)/.exec(timing ?? "")?.[1];
    return milliseconds ? Number(milliseconds) / 1000 : null;
}
