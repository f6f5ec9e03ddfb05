/**
 * Reads `text/event-stream` (WHATWG HTML §9.2.6) from pieces of text cut anywhere. EventSource itself cannot send an
 * Authorization header.
 */
export class EventStreamParser {
    #rest = "";
    #isFirst = true;
    #type = "";
    #data = [];
    /** The last id seen, sent as Last-Event-ID when the stream is opened again. */
    lastEventID = "";
    /** The reconnection time that the server asks for, or null. */
    retryMilliseconds = null;

    /** @returns the events completed by this piece, as `{type, data}`. */
    feed(text) {
        if (this.#isFirst && text) {
            this.#isFirst = false;
            if (text.startsWith("\uFEFF")) text = text.slice(1);
        }
        this.#rest += text;
        const events = [];
        for (;;) {
            const end = this.#rest.search(/[\r\n]/);
            // A CR at the very end may be the first half of CRLF.
            if (end < 0 || (this.#rest[end] === "\r" && end === this.#rest.length - 1)) return events;
            const line = this.#rest.slice(0, end);
            this.#rest = this.#rest.slice(end + (this.#rest.startsWith("\r\n", end) ? 2 : 1));
            const event = this.#line(line);
            if (event) events.push(event);
        }
    }

    #line(line) {
        if (line === "") return this.#dispatch();
        if (line.startsWith(":")) return null;
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "event") this.#type = value;
        else if (field === "data") this.#data.push(value);
        else if (field === "id" && !value.includes("\0")) this.lastEventID = value;
        else if (field === "retry" && /^\d+$/.test(value)) this.retryMilliseconds = Number(value);
        return null;
    }

    #dispatch() {
        const event = this.#data.length ? { type: this.#type || "message", data: this.#data.join("\n") } : null;
        this.#type = "";
        this.#data = [];
        return event;
    }
}
