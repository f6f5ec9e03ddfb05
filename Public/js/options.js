import { element } from "./dom.js";
import { duration } from "./format.js";
import { t } from "./texts.js";

const deadlines = [5, 15, 60, 300];

/** The form of options, as query parameters of `POST /deblur`. What is left at its default is not sent. */
export class Options {
    constructor() {
        element("format").addEventListener("change", () => this.#showQuality());
        element("options").addEventListener("submit", (event) => event.preventDefault());
        for (const seconds of deadlines) {
            element("deadline").add(new Option(t("timeSeconds", { time: duration(seconds) }), String(seconds)));
        }
        this.#showQuality();
    }

    /** Offers the depths that differ in what they do; without two of them there is nothing to choose. */
    setDepths(depths) {
        const select = element("exit");
        while (select.options.length > 1) select.remove(1);
        element("effort-row").hidden = depths.length < 2;
        if (depths.length < 2) return;
        depths.forEach((depth, index) => {
            const isLast = index === depths.length - 1;
            const key = index === 0 ? "effortQuick" : isLast ? "effortMost" : "effortLevel";
            select.add(new Option(t(key, { n: index + 1, total: depths.length }), String(depth)));
        });
    }

    /** Quality says something for JPEG only. */
    #showQuality() {
        const isPNG = element("format").value === "png";
        element("quality").disabled = isPNG;
        element("quality-row").classList.toggle("disabled", isPNG);
    }

    /** False, with the browser's own message at the field, when a value is out of range. */
    get areValid() {
        const form = element("options");
        if (!form.checkValidity()) element("options-details").open = true;
        return form.reportValidity();
    }

    get query() {
        const query = new URLSearchParams();
        if (element("exit").value !== "adaptive") query.set("exit", element("exit").value);
        if (element("deadline").value) query.set("deadline", element("deadline").value);
        if (element("format").value !== "auto") query.set("format", element("format").value);
        const quality = element("quality");
        if (!quality.disabled && quality.value !== "") query.set("quality", quality.value);
        if (!element("metadata").checked) query.set("metadata", "strip");
        return query.toString();
    }
}
