/** Between the two panes of side by side, CSS pixels. */
const gap = 3;

/**
 * Where the photo lies on the stage: once, or twice side by side.
 *
 * @param stage its size.
 * @param reserve what other things cover at its lower end.
 * @param ratio the photo's width by its height.
 * @returns `panes`: the place of each; `pane`: the size of each; `room`: the part of it that nothing covers.
 */
export function arrange(stage, reserve, ratio, isInTwo) {
    const free = { width: stage.width, height: Math.max(1, stage.height - reserve) };
    if (!isInTwo) return { panes: [{ x: 0, y: 0, side: "both" }], pane: stage, room: free };
    const half = (length) => Math.floor((length - gap) / 2);
    const first = { x: 0, y: 0, side: "before" };
    // Beside each other or one above the other: as the photo is larger.
    if (across(half(free.width), free.height, ratio) >= across(free.width, half(free.height), ratio)) {
        const width = half(stage.width);
        return {
            panes: [first, { x: stage.width - width, y: 0, side: "after" }],
            pane: { width, height: stage.height },
            room: { width, height: free.height },
        };
    }
    const pane = { width: stage.width, height: half(free.height) };
    return { panes: [first, { x: 0, y: pane.height + gap, side: "after" }], pane, room: pane };
}

/** The width of a photo that is fitted into a pane. */
function across(width, height, ratio) {
    return Math.min(width, height * ratio);
}
