import { element } from "./dom.js";

const names = { auto: "as the system", light: "light", dark: "dark" };
const order = ["auto", "light", "dark"];

/** The button that goes from the system's theme to light to dark and round again. */
export function startTheme() {
    const button = element("theme");
    const root = document.documentElement;
    const show = () => {
        const label = `Theme: ${names[root.dataset.theme ?? "auto"]}`;
        button.setAttribute("aria-label", label);
        button.title = label;
    };
    button.addEventListener("click", () => {
        const next = order[(order.indexOf(root.dataset.theme ?? "auto") + 1) % order.length];
        if (next === "auto") delete root.dataset.theme;
        else root.dataset.theme = next;
        try {
            localStorage.setItem("deblur-theme", next);
        } catch {
            // Then it lasts as long as the page.
        }
        show();
    });
    show();
}
