/** The names under which results are saved. */

/** File systems take 255 bytes for a name; some are for `-sharp`, a number and the ending. */
const stemBytes = 220;
/** What no file system takes, and signs that turn the direction of writing and so hide what a name ends in. */
const refused = /[\\/:*?"<>|\u0000-\u001f\u007f]/g;
const turning = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** `holiday.jpeg` becomes `holiday-sharp.jpeg`, or `holiday-sharp.png` for a PNG result. */
export function sharpName(name, contentType) {
    const clean = name.replace(turning, "").replace(refused, "_");
    const [, whole, ending = ""] = /^(.+?)(\.[a-z][a-z\d]{0,4})?$/i.exec(clean) ?? ["", "photo"];
    const stem = shortened(whole);
    if (/png/.test(contentType)) return `${stem}-sharp${/^\.png$/i.test(ending) ? ending : ".png"}`;
    return `${stem}-sharp${/^\.(jpe?g|jpe|jfif)$/i.test(ending) ? ending : ".jpg"}`;
}

function shortened(stem) {
    const encoder = new TextEncoder();
    let [room, end] = [stemBytes, 0];
    for (const letter of stem) {
        room -= encoder.encode(letter).length;
        if (room < 0) break;
        end += letter.length;
    }
    return stem.slice(0, end);
}

/** The same names, with a number where one was there already, also if only capitals or the form of accents differ. */
export function withoutDoubles(names) {
    const used = new Set();
    const key = (name) => name.normalize("NFC").toLowerCase();
    return names.map((name) => {
        const [, stem, ending] = /^(.*?)(\.[^.]*)?$/.exec(name);
        let unique = name;
        for (let n = 2; used.has(key(unique)); n += 1) unique = `${stem}-${n}${ending ?? ""}`;
        used.add(key(unique));
        return unique;
    });
}
