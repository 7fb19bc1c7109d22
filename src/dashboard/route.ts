/** The address of the page. It holds the whole view, so that a view can be bookmarked and sent. */
import { computed, signal } from "@preact/signals";

const here = signal(location.pathname + location.search);
window.addEventListener("popstate", () => {
  here.value = location.pathname + location.search;
});

/** The address that is shown. */
export const url = computed(() => new URL(here.value, location.origin));

/** Opens another page, or another view of this one. */
export function go(to: string, how: "push" | "replace" = "push"): void {
  if (to === here.value) return;
  history[how === "push" ? "pushState" : "replaceState"](null, "", to);
  const isOtherPage = new URL(to, location.origin).pathname !== url.value.pathname;
  here.value = to;
  if (isOtherPage) window.scrollTo(0, 0);
}

/** Changes parts of the view; an empty part is removed from the address. */
export function setView(parts: Readonly<Record<string, string | null>>, how: "push" | "replace" = "replace") {
  const next = new URL(url.value);
  for (const [name, value] of Object.entries(parts)) {
    if (value === null || value === "") next.searchParams.delete(name);
    else next.searchParams.set(name, value);
  }
  go(next.pathname + next.search, how);
}

/** Follows a link within the dashboard without reloading; new tabs and windows are left to the browser. */
export function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  const href = link?.getAttribute("href");
  if (!href?.startsWith("/") || link?.hasAttribute("data-outside")) return;
  event.preventDefault();
  go(href);
}
