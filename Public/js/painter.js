/** Draws what a viewer shows into its canvas. */

/** From this zoom on people look for pixels, not for a smooth picture. */
const pixelZoom = 3;
/** The loupe: device pixels per photo pixel, and the side of each of its two panes, CSS pixels. */
const loupeZoom = 2;
const loupeSide = 150;

/** The part of the photo that one pane of the loupe shows, around its point or the nearest one of the photo. */
export function loupeArea(viewer) {
    const { loupe, size } = viewer;
    const point = viewer.toPhoto(loupe);
    const side = (loupeSide * viewer.pixelRatio) / loupeZoom;
    const start = (value, length) => Math.min(Math.max(value, 0), length) - side / 2;
    return { x: start(point.x, size.width), y: start(point.y, size.height), width: side, height: side };
}

/** @returns whether another frame is needed. */
export function paint(context, viewer) {
    let goesOn = false;
    for (const pane of viewer.panes) {
        context.save();
        context.translate(pane.x, pane.y);
        context.beginPath();
        context.rect(0, 0, viewer.stage.width, viewer.stage.height);
        context.clip();
        drawPane(context, viewer, pane.side);
        for (const overlay of viewer.overlays) goesOn = overlay.draw(context, viewer) || goesOn;
        context.restore();
    }
    if (viewer.loupe && viewer.after && viewer.before) drawLoupe(context, viewer);
    return goesOn;
}

function drawPane(context, viewer, side) {
    const { left, top, right, bottom } = viewer.visible;
    const hasBoth = viewer.after && viewer.before;
    let middle = side === "before" || !viewer.after ? right : left;
    if (side === "both" && hasBoth) middle = viewer.splitX;
    if (viewer.showsOriginal && viewer.before) middle = right;
    const [start, end] = [viewer.toPhoto({ x: left, y: top }), viewer.toPhoto({ x: right, y: bottom })];
    const corner = viewer.toStage({ x: 0, y: 0 });
    const [x, y] = [snapped(corner.x, viewer), snapped(corner.y, viewer)];
    const view = { x, y, scale: viewer.scale, seen: { start, end } };
    clipped(context, left, top, middle, bottom, () => drawLayer(context, viewer, viewer.before, view, 1));
    clipped(context, middle, top, right, bottom, () => drawMixed(context, viewer, view));
}

/** Pixels that are looked at one by one lie on those of the screen: else each would be smeared over two. */
function snapped(value, { zoom, pixelRatio }) {
    return zoom < 1 ? value : Math.round(value * pixelRatio) / pixelRatio;
}

/** before · (1 − strength) + after · strength: what the service makes of that strength. */
function drawMixed(context, viewer, view) {
    const { strength, before, after } = viewer;
    if (!before || strength >= 1) return drawLayer(context, viewer, after, view, 1);
    if (strength <= 0) return drawLayer(context, viewer, before, view, 1);
    drawLayer(context, viewer, before, view, 1 - strength);
    // Sums are exact where the photo is transparent, too; "over" would weigh transparency twice.
    context.globalCompositeOperation = "lighter";
    drawLayer(context, viewer, after, view, strength);
    context.globalCompositeOperation = "source-over";
}

/** @param view the photo's place: stage point of its corner, CSS pixels per photo pixel, what is `seen` of it. */
function drawLayer(context, viewer, layer, { x, y, scale, seen }, opacity) {
    const zoom = scale * viewer.pixelRatio;
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = zoom < pixelZoom;
    context.imageSmoothingQuality = viewer.isMoving ? "low" : "medium";
    const whole = { x: 0, y: 0, ...viewer.size };
    const boxOf = (area) => [x + area.x * scale, y + area.y * scale, area.width * scale, area.height * scale];
    if (!layer) {
        context.fillStyle = "rgb(128 128 128 / 0.45)";
        context.fillRect(...boxOf(whole));
    } else {
        const isCoarse = zoom > layer.levels[0].width / viewer.size.width;
        const parts = isCoarse ? [layer.detail, layer.close].filter(Boolean) : [];
        const part = parts.find(({ area }) => covers(area, seen));
        if (!part) context.drawImage(levelFor(layer.levels, viewer.size.width, zoom), ...boxOf(whole));
        if (part) context.drawImage(part.bitmap, ...boxOf(part.area));
        else if (layer.detail && isCoarse && opacity === 1) {
            // What there is of it already; a sum would count these pixels twice.
            context.clearRect(...boxOf(layer.detail.area));
            context.drawImage(layer.detail.bitmap, ...boxOf(layer.detail.area));
        }
    }
    context.globalAlpha = 1;
}

/** The smallest copy that has as many pixels as are shown. */
function levelFor(levels, width, zoom) {
    return levels.findLast((bitmap) => bitmap.width >= width * zoom * 0.99) ?? levels[0];
}

/** Whether a part of the photo has all that is seen; up to a pixel, because parts begin and end at whole ones. */
function covers(area, { start, end }) {
    return area.x <= start.x + 1 && area.y <= start.y + 1
        && area.x + area.width >= end.x - 1 && area.y + area.height >= end.y - 1;
}

function clipped(context, left, top, right, bottom, draw) {
    if (right <= left || bottom <= top) return;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    draw();
    context.restore();
}

/** Before and after around the same point, twice as large as they are, beside each other. */
function drawLoupe(context, viewer) {
    const { loupe, stage, room, size } = viewer;
    const width = 2 * loupeSide + 1;
    const left = Math.min(Math.max(8, loupe.x - width / 2), Math.max(8, stage.width - width - 8));
    // Above the pointer; below it where there is room there alone.
    const [above, below] = [loupe.y - loupeSide - 24, loupe.y + 32];
    const top = above < 8 && below + loupeSide + 8 <= room.height ? below : Math.max(8, above);
    const area = loupeArea(viewer);
    const scale = loupeZoom / viewer.pixelRatio;
    context.save();
    context.shadowColor = "rgb(0 0 0 / 0.5)";
    context.shadowBlur = 14;
    context.fillStyle = "#ffffff";
    context.beginPath();
    context.roundRect(left - 2, top - 2, width + 4, loupeSide + 4, 8);
    context.fill();
    context.restore();
    const start = { x: Math.max(0, area.x), y: Math.max(0, area.y) };
    const end = { x: Math.min(size.width, area.x + area.width), y: Math.min(size.height, area.y + area.height) };
    const sides = [
        (view) => drawLayer(context, viewer, viewer.before, view, 1),
        (view) => drawMixed(context, viewer, view),
    ];
    for (const [index, draw] of sides.entries()) {
        const x = left + index * (loupeSide + 1);
        context.fillStyle = "#3a3a38";
        context.fillRect(x, top, loupeSide, loupeSide);
        const toX = (value) => x + (value - area.x) * scale;
        const toY = (value) => top + (value - area.y) * scale;
        clipped(context, toX(start.x), toY(start.y), toX(end.x), toY(end.y), () => {
            context.clearRect(x, top, loupeSide, loupeSide);
            draw({ x: toX(0), y: toY(0), scale, seen: { start, end } });
        });
    }
}
