import { element } from "./dom.js";
import { Problem } from "./problem.js";
import { blurText, estimateText } from "./words.js";

/** The button that only asks how blurred the photo is. */
export class Assessor {
    #abort = null;

    /** @param show gives the Show, which is loaded with the first photo. */
    constructor({ service, album, panel, show, options, facts }) {
        element("assess").addEventListener("click", async () => {
            const item = album.selected;
            if (!item?.isReady || !options.areValid) return;
            this.#abort?.abort();
            const { signal } = (this.#abort = new AbortController());
            const onUpload = (share) => !signal.aborted && panel.setAssessment({ item, share });
            onUpload(0);
            try {
                const [{ assess }, { readTiles }] = await Promise.all([import("./protocol.js"), import("./tiles.js")]);
                const report = await assess(service, item.photo, options.query, { onUpload, signal });
                if (signal.aborted || album.selected !== item || !item.isReady) return;
                const tiles = readTiles(report.tiles);
                const hasMap = tiles.some((tile) => tile.class !== null);
                const words = blurText(tiles, report.estimated_seconds, facts.current.classes);
                // A service that has not measured anything yet knows no better than the page.
                words.detail ||= estimateText([item], facts.current);
                panel.setAssessment({ item, ...words, hasMap });
                if (hasMap) (await show()).showBlur(tiles, { width: report.width, height: report.height });
            } catch (error) {
                if (signal.aborted) return;
                const problem = error instanceof Problem ? error : Problem.fromJob(String(error?.message));
                panel.setAssessment({ item, text: problem.title, detail: problem.detail });
            }
        });
        const stop = () => {
            this.#abort?.abort();
            panel.setAssessment(null);
        };
        element("cancel").addEventListener("click", stop);
        album.on("select", stop);
    }
}
