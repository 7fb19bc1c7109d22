/** Whether the screen is narrow, for decisions that a style sheet cannot make, such as how many names fit on an axis. */
import { signal } from "@preact/signals";

/** As in the style sheets. */
const query = matchMedia("(max-width: 640px)");
const isNarrow = signal(query.matches);
query.addEventListener("change", () => {
  isNarrow.value = query.matches;
});

/** Whether the screen is narrow; a component that calls this is drawn again when it changes. */
export function useIsNarrow(): boolean {
  return isNarrow.value;
}
