/** Whether the screen is narrow, for what a style sheet cannot decide: how many names fit on an axis. */
import { signal } from "@preact/signals";

/** As in the style sheets. */
const query = matchMedia("(max-width: 640px)");
const isNarrow = signal(query.matches);
query.addEventListener("change", () => {
  isNarrow.value = query.matches;
});

/** Whether the screen is narrow; a component that asks is drawn again when that changes. */
export function useIsNarrow(): boolean {
  return isNarrow.value;
}
