/**
 * Whether somebody looks at the page. Streams are held only then: over HTTP/1.1, which is what a Worker on one's own
 * machine speaks, a browser has six connections to a host for all of its tabs.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

/** How long a page stays hidden before it counts as left, ms: going to and fro between tabs should cost nothing. */
const LEFT_MS = 5_000;

/** Whether the page is looked at, or was a moment ago. */
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
