import { element, make } from "./dom.js";
import { t } from "./texts.js";
import { estimateText, factsText, noteText, outcomeText, progressText } from "./words.js";

/** The column of controls for the photo that is looked at. */
export class Panel {
    #album;
    #runner;
    #facts;
    #announcer;
    /** A dry run of the photo that is looked at: `{item, text, detail}`, or `{item, share}` while it goes on. */
    #assessment = null;

    constructor({ album, runner, facts, announcer }) {
        this.#album = album;
        this.#runner = runner;
        this.#facts = facts;
        this.#announcer = announcer;
        album.on("select", () => this.show());
        album.on("list", () => this.show());
        album.on("item", () => this.show());
        setInterval(() => album.busy.length && this.show(), 1000);
    }

    /** `empty`, `opening`, `ready`, `busy`, `done` or `failed`. */
    get state() {
        const item = this.#album.selected;
        if (!item) return "empty";
        return item.isBusy || this.#isAssessing ? "busy" : item.state;
    }

    get #isAssessing() {
        return this.#assessment?.item === this.#album.selected && this.#assessment.share !== undefined;
    }

    setAssessment(assessment) {
        this.#assessment = assessment;
        this.show();
        if (assessment?.text) this.#announcer.say(`${assessment.text} ${assessment.detail}`);
    }

    show() {
        const item = this.#album.selected;
        const { item: assessed } = this.#assessment ?? {};
        if (assessed && (assessed !== item || item.isBusy || item.isFinal)) this.#assessment = null;
        document.body.dataset.state = this.state;
        this.#showFacts(item);
        this.#showError(item);
        this.#showProgress(item);
        this.#showOutcome(item);
        this.#showActions(item);
        this.#showProblems();
    }

    #showFacts(item) {
        element("facts").hidden = !item;
        setText("file-name", item?.name ?? "");
        element("file-name").title = item?.name ?? "";
        setText("file-facts", item ? factsText(item) : "");
        setText("file-note", item ? noteText(item) : "");
        element("file-note").hidden = !item?.convertedFrom;
    }

    #showError(item) {
        const problem = item?.state === "failed" ? item.problem : null;
        element("error").hidden = !problem;
        if (!problem) return;
        setText("error-title", problem.title);
        setText("error-detail", problem.detail);
        const codes = [problem.code && t("code", { code: problem.code }),
            problem.requestID && t("request", { id: problem.requestID })];
        setText("error-codes", codes.filter(Boolean).join(" · "));
    }

    #showProgress(item) {
        const isShown = ["busy", "opening"].includes(this.state);
        element("progress").hidden = !isShown;
        if (!isShown) return;
        const { text, share, detail } = this.#isAssessing
            ? { text: t("assessing"), share: this.#assessment.share < 1 ? this.#assessment.share : null, detail: "" }
            : progressText(item);
        const { pause } = this.#runner;
        const reason = pause && item.state === "waiting" && !item.jobID
            ? t("busyRetry", { reason: pause.reason, seconds: pause.seconds }) : "";
        setText("status", text);
        setText("status-detail", reason || detail);
        const bar = element("bar");
        if (share === null) bar.removeAttribute("value");
        else bar.value = share;
        if (this.state === "busy") this.#announcer.progress(item, text, share, reason || detail);
    }

    #showOutcome(item) {
        let words = null;
        if (item?.state === "done") words = outcomeText(item);
        else if (item?.isReady && this.#assessment?.text) words = this.#assessment;
        else if (item?.isReady) words = { text: "", detail: estimateText(this.#album.ready, this.#facts.current) };
        element("outcome").hidden = !words?.text && !words?.detail;
        setText("outcome-text", words?.text ?? "");
        element("outcome-text").hidden = !words?.text;
        setText("outcome-detail", words?.detail ?? "");
    }

    #showActions(item) {
        const { ready } = this.#album;
        setText("deblur", ready.length > 1 ? t("deblurAll", { n: ready.length }) : t("deblur"));
        element("only").hidden = ready.length < 2;
        element("retry").hidden = !(item?.state === "failed" && item.photo && canRetry(item.problem));
        element("caution").hidden = this.state !== "done" || item.isUnchanged;
        element("again").hidden = this.state !== "done" || !item.photo;
        element("heat").hidden = !(item?.state === "done" && item.tiles.length && !item.isUnchanged)
            && !(item?.isReady && this.#assessment?.hasMap);
        setText("heat", item?.isReady ? t("legendBlur") : t("where"));
    }

    /** What could not be done, in words, whichever photo is looked at. */
    #showProblems() {
        const { failed, items, selected } = this.#album;
        const isSaidAbove = failed.every((item) => item === selected);
        element("problems").hidden = isSaidAbove || items.length < 2;
        setText("problems-title", t("problems", { n: failed.length }));
        const list = element("problems-list");
        const texts = failed.map((item) => `${item.name}\n${item.problem?.title ?? ""}`);
        // Written anew only where it differs: somebody may have the focus in it.
        if (list.dataset.texts === texts.join("\n")) return;
        list.dataset.texts = texts.join("\n");
        list.replaceChildren(...failed.map((item) => {
            const entry = make("li");
            const button = make("button", item.name, "link");
            button.type = "button";
            button.title = item.name;
            button.addEventListener("click", () => this.#album.select(item));
            entry.append(button, make("span", item.problem?.title ?? ""));
            return entry;
        }));
    }
}

function canRetry(problem) {
    return !problem || ![400, 413, 415, 422].includes(problem.status);
}

function setText(id, text) {
    const node = element(id);
    if (node.textContent !== text) node.textContent = text;
}
