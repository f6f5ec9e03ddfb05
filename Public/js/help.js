import { make } from "./dom.js";
import { loadTexts, t, language, typeset } from "./texts.js";
import { help } from "./texts/help.js";

/** The help page: its words are in texts/help.js. Text between backquotes is what is typed or pressed. */

await loadTexts();
const main = document.getElementById("help");
const { title, sections } = help[language];
document.title = `${t("help")} · deblur`;
main.replaceChildren(make("h2", title));
const here = new URL("./", location.href).href;
for (const [heading, ...paragraphs] of sections) {
    main.append(make("h3", typeset(heading)));
    for (const paragraph of paragraphs) main.append(written(typeset(paragraph).replace("{here}", here)));
}
delete document.documentElement.dataset.waiting;

function written(text) {
    const paragraph = make("p");
    text.split("`").forEach((part, index) => {
        if (part === "openapi.yaml") {
            const link = make("a", part);
            link.href = part;
            paragraph.append(link);
        } else paragraph.append(index % 2 ? make("code", part) : part);
    });
    return paragraph;
}
