import { element, make } from "./dom.js";
import { t } from "./texts.js";
import { withCells } from "./tiles.js";

/** From little to much, told apart by lightness as well as by hue: it works for colour-blind eyes and in gray. */
const ramp = ["#fdf0a6", "#fcb45f", "#ea6656", "#b12f77", "#5c1a83"];
/** For the classes between the most blurred and the sharpest. */
const blurWords = ["blurStrongly", "blurClearly", "blurSlightly", "blurBarely"];
const opacity = 0.58;
/** Cells narrower than this carry no number, CSS pixels. */
const smallestLabelledCell = 26;

/** Colours and numbers over the photo, one per tile, and the legend that explains them. */
export class HeatMap {
    #cells = [];
    #levels = [];
    #size = null;
    isShown = false;

    get hasData() {
        return this.#cells.length > 0;
    }

    clear() {
        this.#cells = [];
        this.isShown = false;
    }

    /**
     * Where and how much was sharpened.
     *
     * @param depths those that differ in their results; the deepest one stands for all that are not among them.
     */
    setExits(tiles, size, depths) {
        const useful = depths.length ? depths : [1];
        const level = (exit) => (exit === 0 ? 0 : useful.findLastIndex((depth) => depth <= exit) + 1 || 1);
        const most = useful.length;
        const name = (value) => {
            if (value === 0) return t("levelNone");
            if (most === 1) return t("levelSharpened");
            return t(value === most ? "levelMost" : value === 1 ? "levelLittle" : "levelMore");
        };
        const valueOf = (tile) => (tile.exit === null ? null : level(tile.exit));
        this.#set(tiles, size, valueOf, most, name, (value) => value / most);
    }

    /** How blurred each tile is: class 0 is the hardest. */
    setClasses(tiles, size, classes) {
        const last = Math.max((classes || 0) - 1, ...tiles.map((tile) => tile.class ?? 0), 1);
        const name = (index) => {
            if (index === 0) return t("blurMost");
            if (index === last) return t("blurSharpest");
            return t(blurWords[Math.floor(((index - 1) / (last - 1)) * blurWords.length)]);
        };
        this.#set(tiles, size, (tile) => tile.class, last, name, (index) => 1 - index / last);
    }

    #set(tiles, size, valueOf, most, name, strength) {
        this.#size = size;
        this.#levels = [];
        for (let value = 0; value <= most; value += 1) {
            const count = tiles.filter((tile) => valueOf(tile) === value).length;
            this.#levels.push({ value, name: name(value), colour: colour(strength(value)), count });
        }
        this.#cells = withCells(tiles).map((tile) => ({
            ...tile.cell,
            label: valueOf(tile) === null ? "?" : String(valueOf(tile)),
            colour: valueOf(tile) === null ? "#808080" : colour(strength(valueOf(tile))),
            isAnomaly: Boolean(tile.anomaly),
        }));
    }

    draw(context, viewer) {
        if (!this.isShown || !viewer.size) return false;
        const ratio = this.#size?.width ? viewer.size.width / this.#size.width : 1;
        const scale = ratio * viewer.scale;
        context.save();
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.font = "600 13px system-ui, sans-serif";
        for (const cell of this.#cells) {
            const start = viewer.toStage({ x: cell.x * ratio, y: cell.y * ratio });
            const [width, height] = [cell.width * scale, cell.height * scale];
            context.globalAlpha = opacity;
            context.fillStyle = cell.colour;
            context.fillRect(start.x, start.y, width, height);
            context.globalAlpha = 1;
            context.strokeStyle = cell.isAnomaly ? "#ffffff" : "rgb(255 255 255 / 0.35)";
            context.lineWidth = cell.isAnomaly ? 2 : 1;
            context.setLineDash(cell.isAnomaly ? [5, 4] : []);
            context.strokeRect(start.x + 0.5, start.y + 0.5, width - 1, height - 1);
            if (Math.min(width, height) < smallestLabelledCell) continue;
            const middle = { x: start.x + width / 2, y: start.y + height / 2 };
            context.fillStyle = "rgb(20 20 20 / 0.72)";
            context.beginPath();
            context.roundRect(middle.x - 11, middle.y - 11, 22, 22, 6);
            context.fill();
            context.fillStyle = "#ffffff";
            context.fillText(cell.isAnomaly ? `${cell.label}!` : cell.label, middle.x, middle.y + 0.5);
        }
        context.restore();
        return false;
    }

    /** Writes the legend; empty levels are listed too, because a scale with holes cannot be read. */
    describe(title) {
        element("legend-title").textContent = title;
        const anomalies = this.#cells.filter((cell) => cell.isAnomaly).length;
        const items = this.#levels.map((level) => {
            const item = make("li");
            const swatch = make("span", String(level.value), "swatch");
            swatch.style.backgroundColor = level.colour;
            swatch.style.color = textOn(level.colour);
            item.append(swatch, make("span", level.name), make("span", t("partsTally", { n: level.count }), "tally"));
            if (level.count === 0) item.classList.add("unused");
            return item;
        });
        if (anomalies) {
            const item = make("li");
            item.append(
                make("span", "!", "swatch dashed"),
                make("span", t("levelDoubt")),
                make("span", t("partsTally", { n: anomalies }), "tally"),
            );
            items.push(item);
        }
        element("legend-list").replaceChildren(...items);
    }
}

function colour(strength) {
    const position = Math.min(1, Math.max(0, strength)) * (ramp.length - 1);
    const index = Math.min(ramp.length - 2, Math.floor(position));
    const [from, to] = [channels(ramp[index]), channels(ramp[index + 1])];
    const mixed = from.map((value, channel) => Math.round(value + (to[channel] - value) * (position - index)));
    return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function channels(hex) {
    return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}

/** Black or white, whichever stands out more (WCAG 2.2, relative luminance; at 0.179 both have the same contrast). */
function textOn(hex) {
    const [red, green, blue] = channels(hex).map((value) => ((value / 255 + 0.055) / 1.055) ** 2.4);
    return red * 0.2126 + green * 0.7152 + blue * 0.0722 > 0.179 ? "#000000" : "#ffffff";
}
