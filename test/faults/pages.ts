/**
 * The pages of observations that objects read from D1 or remove from it: a history can hold them back, or let objects read
 * only a few.
 */

/** A page that is held back. */
interface HeldPage {
  isReleased: boolean;
}

const held: HeldPage[] = [];
let isHolding = false;
/** Pages that objects can still read before D1 fails them; null: no limit. */
let left: number | null = null;

/** Removes limits; pages held for an earlier history stay with their objects. */
export function resetPages(): void {
  held.length = 0;
  isHolding = false;
  left = null;
}

/** From now on objects can read so many pages; null: any number. */
export function allowPages(pages: number | null): void {
  left = pages;
}

/** From now on the answer to each page is held back. */
export function holdPages(): void {
  isHolding = true;
}

/** Holds no more pages back, and gives those held to their objects: one of them, by its number, or (null) all. */
export function releasePages(which: number | null): void {
  isHolding = false;
  const released = which === null || held.length === 0 ? held.splice(0) : held.splice(which % held.length, 1);
  for (const page of released) page.isReleased = true;
}

/** Whether pages are held back now, or some are held that came earlier. */
export function arePagesHeld(): boolean {
  return isHolding || held.length > 0;
}

/** Whether an object waits for a page that is held back. */
export function isAnyPageHeld(): boolean {
  return held.length > 0;
}

/** Counts a page that an object is about to read. @returns whether it can */
export function takePage(): boolean {
  if (left === 0) return false;
  if (left !== null) left--;
  return true;
}

/** Waits until a page gets to its object. Polls, because another request releases it. */
export async function pageReleased(): Promise<void> {
  if (!isHolding) return;
  const entry: HeldPage = { isReleased: false };
  held.push(entry);
  while (!entry.isReleased) await scheduler.wait(1);
}
