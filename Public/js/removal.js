import { element } from "./dom.js";

/**
 * Forgetting photos: here, and their results at the service.
 *
 * @returns what removes one photo.
 */
export function startRemoval({ album, runner, service }) {
    const remove = (item) => {
        const { jobID } = item;
        album.remove(item);
        // Stopping deletes the job of what is under way.
        if (item.isBusy) runner.stop(item);
        else if (jobID) service.deleteJob(jobID);
    };
    element("remove").addEventListener("click", () => album.selected && remove(album.selected));
    const dialog = element("remove-dialog");
    element("remove-all").addEventListener("click", () => {
        dialog.returnValue = "";
        dialog.showModal();
    });
    dialog.addEventListener("close", () => {
        if (dialog.returnValue === "remove") [...album.items].forEach(remove);
    });
    return remove;
}
