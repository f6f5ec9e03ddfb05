/**
 * The page's words in the reader's language. `early.js` has chosen it and put it into `<html lang>`; its file has all
 * texts, and none of another language is loaded.
 */

let texts = {};
let rules = new Intl.PluralRules("en");
export let language = "en";

/** Loads the language's file; to be awaited before anything asks for a text. */
export async function loadTexts() {
    language = document.documentElement.lang || "en";
    texts = (await import(`./texts/${language}.js`)).default;
    rules = new Intl.PluralRules(language);
}

/**
 * A text with its gaps filled.
 *
 * @param values by the name of the gap; `n` also chooses the plural form.
 */
export function t(key, values = {}) {
    let text = texts[key];
    if (text === undefined) throw new Error(`no text called ${key}`);
    if (typeof text === "object") text = text[rules.select(Number(values.n))] ?? text.other;
    return typeset(text.replace(/\{(\w+)\}/g, (gap, name) => (name in values ? show(values[name]) : gap)));
}

/** No line begins with a sign that French writes with a space before it. */
export function typeset(text) {
    return text.replace(/ (?=[;:?!»])|(?<=«) /g, "\u00a0");
}

function show(value) {
    return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : String(value);
}

/** Puts the texts into elements that ask for them: `data-t` the content, `data-label` and `data-hint` attributes. */
export function translatePage() {
    for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
    for (const node of document.querySelectorAll("[data-label]")) {
        node.setAttribute("aria-label", t(node.dataset.label));
        if (node.matches("button")) node.title = t(node.dataset.label);
    }
    for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = t(node.dataset.hint);
}
