import { element } from "./dom.js";
import { loadTexts, t } from "./texts.js";

/** The interface for programs, to be read: browsers only download a YAML file. */

await loadTexts();
delete document.documentElement.dataset.waiting;
const answer = await fetch("openapi.yaml").catch(() => null);
element("contract").textContent = answer?.ok ? await answer.text() : t("titleUnreachable");
