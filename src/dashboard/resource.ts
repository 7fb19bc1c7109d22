/** Loading a value: the value, the error, and loading again while the old value stays visible. */
import { type ReadonlySignal, signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, messageOf } from "./api.ts";

/** A value that is loaded. */
export interface Loaded<T> {
  /** Null until it is loaded. */
  readonly value: T | null;
  readonly error: string | null;
  /** Code of the problem, where the API named one. */
  readonly errorCode: string | null;
  readonly isLoading: boolean;
  /** Loads it again; the old value stays until the new one is there. */
  readonly reload: () => void;
}

/**
 * Loads a value, and again whenever `key` changes. The part of the key before its first space names the subject: the old
 * value of the same subject stays until the new one is there, that of another subject is not shown.
 * @param everyMs - how often to load it again while the page is visible; 0 for never
 */
export function useLoaded<T>(key: string, load: () => Promise<T>, everyMs = 0): Loaded<T> {
  const held = useSignal<{ key: string; value: T } | null>(null);
  const error = useSignal<{ message: string; code: string | null } | null>(null);
  const isLoading = useSignal(true);
  const round = useSignal(0);
  const reload = useMemo(() => () => void (round.value += 1), [round]);
  const n = round.value;
  useEffect(() => {
    let isWanted = true;
    isLoading.value = true;
    const run = async () => {
      try {
        const value = await load();
        if (!isWanted) return;
        held.value = { key, value };
        error.value = null;
      } catch (reason) {
        if (isWanted) error.value = { message: messageOf(reason), code: codeOf(reason) };
      } finally {
        if (isWanted) isLoading.value = false;
      }
    };
    void run();
    return () => {
      isWanted = false;
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `load` is a new function at each rendering
  }, [key, n]);
  useEffect(() => {
    if (everyMs === 0) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);
  const value = held.value !== null && subjectOf(held.value.key) === subjectOf(key) ? held.value.value : null;
  return {
    value,
    error: error.value?.message ?? null,
    errorCode: error.value?.code ?? null,
    isLoading: isLoading.value,
    reload,
  };
}

function codeOf(reason: unknown): string | null {
  return reason instanceof ApiError ? reason.code : null;
}

function subjectOf(key: string): string {
  return key.split(" ")[0] ?? key;
}

/** The time, epoch seconds, updated every 10 s so that relative times stay right. */
export const nowTs: ReadonlySignal<number> = (() => {
  const now = signal(Date.now() / 1_000);
  setInterval(() => {
    now.value = Date.now() / 1_000;
  }, 10_000);
  return now;
})();
