import { element } from "./dom.js";
import { forgetJob, jobOfAddress, Session } from "./session.js";
import { HeatMap } from "./heat-map.js";
import { askForKey } from "./key-dialog.js";
import { Options } from "./options.js";
import { Panel } from "./panel.js";
import { Photo } from "./photo.js";
import { startPicker } from "./picker.js";
import { ProgressOverlay } from "./progress-overlay.js";
import { Service } from "./service.js";
import { Stage } from "./stage.js";
import { startTheme } from "./theme.js";
import { View } from "./view.js";

startTheme();
const service = new Service(askForKey);
const options = new Options();
const panel = new Panel();
const heatMap = new HeatMap();
const progress = new ProgressOverlay();
const stage = new Stage([progress, heatMap]);
const view = new View({ panel, stage, heatMap, progress });
const session = new Session(service, view);

async function open(file, count = 1) {
    if (session.isBusy) return panel.announce("A photo is being worked on. Cancel it first.");
    panel.error.hide();
    forgetJob();
    try {
        view.show(await Photo.open(file));
        if (count > 1) panel.announce(`The first of ${count} photos was taken: it is one at a time.`);
    } catch (problem) {
        view.reset();
        panel.error.show(problem, null);
    }
}

function start(work) {
    if (!view.photo || !options.areValid) return;
    panel.error.hide();
    view.retry = () => start(work);
    work(view.photo, options.query);
}

startPicker(open);
element("deblur").addEventListener("click", () => start((photo, query) => session.deblur(photo, query)));
element("again").addEventListener("click", () => start((photo, query) => session.deblur(photo, query)));
element("assess").addEventListener("click", () => start((photo, query) => session.assess(photo, query)));
element("cancel").addEventListener("click", () => session.cancel());
element("heat").addEventListener("click", () => view.toggleHeat());
addEventListener("pagehide", (event) => {
    if (!event.persisted) view.release();
});

service
    .json("model", { quiet: true })
    .then((model) => view.setModel(model, options))
    .catch(() => options.setSubDecoders(4));

const job = jobOfAddress();
if (job) {
    view.retry = () => session.attach(job);
    session.attach(job);
}
