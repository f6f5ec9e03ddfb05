import { element } from "./dom.js";

/** The ways a photo comes in: the file dialog, a drop anywhere on the page, the clipboard. */
export function startPicker(onFile) {
    const input = element("file");
    for (const id of ["choose", "another", "another-done"]) {
        element(id).addEventListener("click", () => input.click());
    }
    input.addEventListener("change", () => {
        take(input.files, onFile);
        // The same file can be chosen again.
        input.value = "";
    });
    let depth = 0;
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const show = () => document.body.classList.toggle("dropping", depth > 0);
    addEventListener("dragenter", (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth += 1;
        show();
    });
    addEventListener("dragleave", (event) => {
        if (!hasFiles(event)) return;
        depth = Math.max(0, depth - 1);
        show();
    });
    addEventListener("dragover", (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
    });
    addEventListener("drop", (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth = 0;
        show();
        take(event.dataTransfer.files, onFile);
    });
    addEventListener("paste", (event) => {
        if (event.clipboardData?.files.length) take(event.clipboardData.files, onFile);
    });
}

function take(files, onFile) {
    if (files.length) onFile(files[0], files.length);
}
