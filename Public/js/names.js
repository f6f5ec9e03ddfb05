/** The names under which results are saved. */

/** `holiday.jpeg` becomes `holiday-sharp.jpeg`, or `holiday-sharp.png` for a PNG result. */
export function sharpName(name, contentType) {
    const clean = name.replace(/[\\/:*?"<>|\u0000-\u001f\u007f]/g, "_");
    const [, stem, ending = ""] = /^(.+?)(\.[^.]*)?$/.exec(clean) ?? [null, "photo"];
    if (/png/.test(contentType)) return `${stem}-sharp${/^\.png$/i.test(ending) ? ending : ".png"}`;
    return `${stem}-sharp${/^\.(jpe?g|jpe|jfif)$/i.test(ending) ? ending : ".jpg"}`;
}

/** The same names, with a number where one was there already: also where only capitals differ. */
export function withoutDoubles(names) {
    const used = new Set();
    return names.map((name) => {
        const [, stem, ending] = /^(.*?)(\.[^.]*)?$/.exec(name);
        let unique = name;
        for (let n = 2; used.has(unique.toLowerCase()); n += 1) unique = `${stem}-${n}${ending ?? ""}`;
        used.add(unique.toLowerCase());
        return unique;
    });
}
