/** The colour theme: the system's, unless the user chose one. */
import { computed, effect, signal } from "@preact/signals";

const KEY = "attribution-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(system.matches);
system.addEventListener("change", () => {
  isSystemDark.value = system.matches;
});
const chosen = signal(localStorage.getItem(KEY));

/** The theme in effect. */
export const theme = computed<"light" | "dark">(() =>
  chosen.value === "light" || chosen.value === "dark" ? chosen.value : isSystemDark.value ? "dark" : "light",
);

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

/** Switches the theme and stores the choice; choosing the system's theme removes the stored choice. */
export function changeTheme(): void {
  const next = theme.value === "dark" ? "light" : "dark";
  const isSystems = (next === "dark") === isSystemDark.value;
  if (isSystems) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  chosen.value = isSystems ? null : next;
}
