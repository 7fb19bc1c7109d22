/** Light or dark: as the system has it, unless the reader chose. */
import { computed, effect, signal } from "@preact/signals";

const KEY = "attribution-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(system.matches);
system.addEventListener("change", () => {
  isSystemDark.value = system.matches;
});
const chosen = signal(localStorage.getItem(KEY));

/** What is shown. */
export const theme = computed<"light" | "dark">(() =>
  chosen.value === "light" || chosen.value === "dark" ? chosen.value : isSystemDark.value ? "dark" : "light",
);

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

/** Changes over, and remembers it; back to what the system has is to follow the system again. */
export function changeTheme(): void {
  const next = theme.value === "dark" ? "light" : "dark";
  const isSystems = (next === "dark") === isSystemDark.value;
  if (isSystems) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  chosen.value = isSystems ? null : next;
}
