import { element } from "./dom.js";
import { language, t } from "./texts.js";

const names = { auto: "themeAuto", light: "themeLight", dark: "themeDark" };
const order = ["auto", "light", "dark"];

/** The button that goes from the system's theme to light to dark and round again, and the choice of a language. */
export function startSettings() {
    const button = element("theme");
    const root = document.documentElement;
    const show = () => {
        const label = t(names[root.dataset.theme ?? "auto"]);
        button.setAttribute("aria-label", label);
        button.title = label;
    };
    button.addEventListener("click", () => {
        const next = order[(order.indexOf(root.dataset.theme ?? "auto") + 1) % order.length];
        if (next === "auto") delete root.dataset.theme;
        else root.dataset.theme = next;
        keep("deblur-theme", next);
        show();
    });
    show();
    const select = element("language");
    select.value = language;
    select.addEventListener("change", () => {
        keep("deblur-language", select.value);
        // Photos and their work are in the browser's database: nothing is lost by beginning anew.
        location.reload();
    });
}

function keep(name, value) {
    try {
        localStorage.setItem(name, value);
    } catch {
        // Then it lasts as long as the page.
    }
}
