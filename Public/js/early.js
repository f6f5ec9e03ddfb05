// Runs before the first paint, so that neither a chosen theme nor another language flashes. Not a module: modules run
// after parsing.
{
    const root = document.documentElement;
    const kept = (name) => {
        try {
            return localStorage.getItem(name);
        } catch {
            return null; // Without storage the system's settings apply.
        }
    };
    const theme = kept("deblur-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    // The browser's list is the one that it sends as Accept-Language.
    const wanted = [kept("deblur-language") ?? "", ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
    root.lang = wanted.find((tag) => ["en", "de", "fr"].includes(tag)) ?? "en";
    // The page's own words are English; those of another language are put in before anything is seen.
    if (root.lang !== "en") root.dataset.waiting = "";
}
