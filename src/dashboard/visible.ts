/**
 * Whether the page is visible. Streams are held open only then: over HTTP/1.1, which a local Worker speaks, a browser has
 * six connections to a host for all of its tabs.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

/** How long a page is hidden before its streams are closed, ms; a short look at another tab closes nothing. */
const LEFT_MS = 5_000;

/** Whether the page is visible, or was within the last seconds. */
export const isLookedAt: ReadonlySignal<boolean> = (() => {
  const looked = signal(!document.hidden);
  let timer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) looked.value = true;
    else {
      timer = setTimeout(() => {
        looked.value = false;
      }, LEFT_MS);
    }
  });
  return looked;
})();
