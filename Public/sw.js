import { keepShared } from "./js/store.js";

/** Takes photos that other apps share with the installed page (manifest: share_target), and nothing else. */
addEventListener("fetch", (event) => {
    const { pathname } = new URL(event.request.url);
    const here = new URL("share", registration.scope).pathname;
    if (event.request.method !== "POST" || pathname !== here) return;
    event.respondWith(
        (async () => {
            const form = await event.request.formData();
            await keepShared(form.getAll("photos").filter((file) => file instanceof File));
            return Response.redirect(registration.scope, 303);
        })(),
    );
});

// A new release's worker takes over at once: it holds nothing.
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
