/**
 * The cells to draw for a photo's tiles. Tiles overlap; cells meet in the middle of the overlaps, so that each point of
 * the photo lies in one cell.
 *
 * @param tiles objects with `x`, `y`, `width`, `height` in photo pixels.
 * @returns the same objects, each with `cell: {x, y, width, height}`.
 */
export function withCells(tiles) {
    const columns = borders(tiles.map((tile) => [tile.x, tile.x + tile.width]));
    const rows = borders(tiles.map((tile) => [tile.y, tile.y + tile.height]));
    return tiles.map((tile) => {
        const [left, right] = columns.get(tile.x);
        const [top, bottom] = rows.get(tile.y);
        return { ...tile, cell: { x: left, y: top, width: right - left, height: bottom - top } };
    });
}

/** From the start of each span to where its cell starts and ends. */
function borders(spans) {
    const unique = [...new Map(spans).entries()].sort((a, b) => a[0] - b[0]);
    return new Map(
        unique.map(([start, end], index) => [
            start,
            [
                index === 0 ? start : (unique[index - 1][1] + start) / 2,
                index === unique.length - 1 ? end : (end + unique[index + 1][0]) / 2,
            ],
        ]),
    );
}

/** The tiles of an answer, whatever it calls the rectangle; those without one are left out. */
export function readTiles(list) {
    return (Array.isArray(list) ? list : []).map(readTile).filter(Boolean);
}

/** A tile of an answer or an event: `{x, y, width, height, class, exit, milliseconds, anomaly}`, or null. */
export function readTile(data) {
    const area = data?.rectangle ?? data;
    const numbers = [area?.x, area?.y, area?.width, area?.height];
    if (!numbers.every(Number.isFinite) || area.width <= 0 || area.height <= 0) return null;
    const [x, y, width, height] = numbers;
    return {
        x,
        y,
        width,
        height,
        class: Number.isInteger(data.class) ? data.class : null,
        exit: Number.isInteger(data.exit) ? data.exit : null,
        milliseconds: Number.isFinite(data.milliseconds) ? data.milliseconds : null,
        anomaly: data.anomaly || null,
    };
}

/** `1=2, 4=6` of the header Deblur-Exits, or the object of a job, as a Map from exit to tiles. */
export function readExits(value) {
    const isText = typeof value === "string";
    const pairs = isText ? value.split(",").map((pair) => pair.split("=")) : Object.entries(value ?? {});
    return new Map(
        pairs.map(([exit, tiles]) => [Number(exit), Number(tiles)]).filter(([exit, tiles]) => exit >= 0 && tiles > 0),
    );
}
