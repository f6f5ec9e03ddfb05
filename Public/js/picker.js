import { element } from "./dom.js";

/** The ways photos come in: the file dialog, a drop anywhere on the page, the clipboard; always all of them. */
export function startPicker(onFiles) {
    const input = element("file");
    for (const id of ["choose", "another", "add"]) element(id).addEventListener("click", () => input.click());
    const take = (files) => files.length && onFiles([...files]);
    input.addEventListener("change", () => {
        take(input.files);
        // The same file can be chosen again.
        input.value = "";
    });
    let depth = 0;
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const show = () => document.body.classList.toggle("dropping", depth > 0);
    const listen = (type, change) => addEventListener(type, (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        change(event);
        show();
    });
    listen("dragenter", () => (depth += 1));
    listen("dragleave", () => (depth = Math.max(0, depth - 1)));
    listen("dragover", (event) => (event.dataTransfer.dropEffect = "copy"));
    listen("drop", (event) => {
        depth = 0;
        filesOf(event.dataTransfer).then(take);
    });
    addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
}

/** The files of a drop, those of folders included. */
async function filesOf(data) {
    const files = [...data.files];
    const entries = [...data.items].map((item) => item.webkitGetAsEntry?.());
    if (!entries.some((entry) => entry?.isDirectory)) return files;
    return (await Promise.all(entries.map((entry) => entry && walk(entry)))).flat().filter(Boolean);
}

async function walk(entry) {
    if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null)];
    const reader = entry.createReader();
    const found = [];
    for (;;) {
        const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => []);
        if (!batch.length) break;
        found.push(...batch);
    }
    // What systems leave in folders is no photo of anybody's.
    const wanted = found.filter((child) => !child.name.startsWith(".") && child.name !== "Thumbs.db");
    return (await Promise.all(wanted.map(walk))).flat();
}
