import { element } from "./dom.js";

/** The form of options, as query parameters of `POST /deblur`. What is left at its default is not sent. */
export class Options {
    constructor() {
        const strength = element("strength");
        const show = () => {
            element("strength-value").textContent = `${strength.value} %`;
        };
        strength.addEventListener("input", show);
        element("format").addEventListener("change", () => this.#showQuality());
        element("options").addEventListener("submit", (event) => event.preventDefault());
        show();
        this.#showQuality();
    }

    /** Offers the exits that the model has. */
    setSubDecoders(count) {
        const select = element("exit");
        while (select.options.length > 1) select.remove(1);
        for (let exit = 1; exit <= count; exit += 1) {
            const note = count === 1 ? "" : exit === 1 ? " (quickest)" : exit === count ? " (deepest)" : "";
            select.add(new Option(`Always ${exit} of ${count}${note}`, String(exit)));
        }
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
        const strength = Number(element("strength").value);
        if (strength < 100) query.set("strength", String(strength / 100));
        if (element("exit").value !== "adaptive") query.set("exit", element("exit").value);
        if (element("format").value !== "auto") query.set("format", element("format").value);
        const quality = element("quality");
        if (!quality.disabled && quality.value !== "") query.set("quality", quality.value);
        if (!element("metadata").checked) query.set("metadata", "strip");
        return query;
    }
}
