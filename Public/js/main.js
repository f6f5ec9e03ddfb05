import { Album } from "./album.js";
import { Announcer } from "./announcer.js";
import { Assessor } from "./assessor.js";
import { element } from "./dom.js";
import { FactsSource } from "./facts.js";
import { FocusKeeper } from "./focus.js";
import { bytes, megapixels } from "./format.js";
import { Intake } from "./intake.js";
import { Item } from "./item.js";
import { askForKey } from "./key-dialog.js";
import { Options } from "./options.js";
import { Panel } from "./panel.js";
import { startPicker } from "./picker.js";
import { startRemoval } from "./removal.js";
import { Runner } from "./runner.js";
import { Service } from "./service.js";
import { keptItems, onStoreFailure, removeItem, takeShared } from "./store.js";
import { claimTab, otherTabs, tab, whenGone } from "./tabs.js";
import { loadTexts, t, translatePage } from "./texts.js";
import { startSettings } from "./theme.js";

await loadTexts();
translatePage();
delete document.documentElement.dataset.waiting;
startSettings();

const service = new Service(askForKey);
const facts = new FactsSource(service);
const album = new Album(tab);
const runner = new Runner(service, album);
const announcer = new Announcer(album);
const focus = new FocusKeeper();
const options = new Options();
const intake = new Intake(album, facts);
const panel = new Panel({ album, runner, facts, announcer });
const remove = startRemoval({ album, runner, service });
new Assessor({ service, album, panel, show, options, facts });

/** What shows photos and what saves them is loaded with the first photo, or while nothing else happens. */
const later = ["show", "strip", "strength", "downloads"];
let showing = null;
function show() {
    showing ??= Promise.all(later.map((name) => import(`./${name}.js`))).then(
        ([{ Show }, { Strip }, { Strength }, { Downloads }]) => {
            new Strip(album, runner, facts, remove);
            new Strength(album);
            new Downloads({ service, album, announcer });
            return new Show(album, facts);
        },
        // The service is away just now: with the next photo once more.
        () => (showing = null),
    );
    return showing;
}
album.on("list", () => album.items.length && show());
album.on("select", () => album.items.length && show());

facts.onChange = (current) => {
    options.setDepths(current.depths);
    element("model").textContent = current.name ? t("model", { name: current.name }) : "";
    element("model").title = current.digest ? `${current.name} ${current.digest.slice(0, 12)}` : "";
    element("limits").hidden = !Number.isFinite(current.maxBytes) || !Number.isFinite(current.maxPixels);
    element("limits").textContent = t("limits", {
        bytes: bytes(current.maxBytes), pixels: megapixels(current.maxPixels),
    });
    panel.show();
};

function start(items) {
    if (!items.length || !options.areValid) return;
    runner.start(items, options.query);
}

const bring = async (files) => {
    if (!files.length) return;
    if (!album.items.length) focus.expect();
    await intake.bring(files);
};
startPicker(bring);
for (const id of ["deblur", "strip-deblur"]) element(id).addEventListener("click", () => start(album.ready));
for (const id of ["only", "again", "retry"]) element(id).addEventListener("click", () => start([album.selected]));
element("cancel").addEventListener("click", () => runner.stop(album.selected));
element("stop-all").addEventListener("click", () => album.busy.forEach((item) => runner.stop(item)));
element("sample").addEventListener("click", async () => {
    const response = await fetch("sample.jpg").catch(() => null);
    if (response?.ok) bring([new File([await response.blob()], t("sampleName"), { type: "image/jpeg" })]);
});
// What the service has learnt about its speed.
runner.onIdle = () => facts.load(true);

onStoreFailure(() => {
    announcer.say(t("keptNothing"));
    addEventListener("beforeunload", (event) => album.items.length && event.preventDefault());
});

/** Photos of pages that are gone; those of pages that are open, when they go. */
async function adopt(isMine) {
    const mine = (await keptItems()).filter(({ record }) => isMine(record.tab));
    const items = mine.map(({ record, blobs }) => Item.from(record, blobs));
    album.add(items.filter((item) => item.state !== "opening"));
    items.forEach((item) => album.changed(item, true));
    runner.goOn();
    // Closed while they were read: nothing of them is known but the files.
    const unread = items.filter((item) => item.state === "opening");
    unread.forEach((item) => removeItem(item.id));
    const files = unread.filter((item) => item.photo);
    return files.map(({ photo, name }) => new File([photo], name, { type: photo.type }));
}

/** Photos of the last visit; a job that a link names; what another app shares. */
async function restore() {
    claimTab();
    const others = await otherTabs();
    const unread = await adopt((owner) => !others.has(owner));
    for (const other of others) whenGone(other, async () => bring(await adopt((owner) => owner === other)));
    const job = new URLSearchParams(location.hash.slice(1)).get("job");
    if (job && !album.items.some((item) => item.jobID === job)) {
        album.add([Object.assign(new Item(), { name: t("yourPhoto"), state: "waiting", jobID: job })]);
    }
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    runner.goOn();
    bring([...unread, ...(await takeShared())]);
}

facts.load(true);
await restore();
if (album.items.length) await show();
document.body.dataset.isReady = "";
setTimeout(() => {
    for (const name of [...later, "work", "photo-header", "zip", "convert"]) import(`./${name}.js`).catch(() => {});
}, 1000);

if (window.isSecureContext && navigator.serviceWorker) {
    // Only for photos that other apps share; a name that is fixed is a script that can be trusted.
    const policy = window.trustedTypes?.createPolicy("deblur", { createScriptURL: (url) => url });
    const url = policy?.createScriptURL("sw.js") ?? "sw.js";
    navigator.serviceWorker.register(url, { type: "module" }).catch(() => {});
}
