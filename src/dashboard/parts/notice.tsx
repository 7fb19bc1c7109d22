/** What a page shows when it has nothing to show: not yet, not at all, or not any more. */
import type { ComponentChildren } from "preact";
import type { Loaded } from "../resource.ts";

/** Something is on its way. */
export function Loading({ what }: { what: string }) {
  return (
    <div class="notice" role="status">
      <span class="spinner" aria-hidden="true" />
      Loading {what} …
    </div>
  );
}

/** Something went wrong, and can be tried again. */
export function Failed({ message, retry }: { message: string; retry: () => void }) {
  return (
    <div class="notice notice-bad" role="alert">
      <strong>That did not work.</strong> {message}
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

/** There is nothing, and why. */
export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="notice notice-empty">
      <strong>{title}</strong>
      <p>{children}</p>
    </div>
  );
}

/** Shows what was loaded; before that, that it is loading, or why it could not be. */
export function Await<T>({
  loaded,
  what,
  children,
}: {
  loaded: Loaded<T>;
  what: string;
  children: (value: T) => ComponentChildren;
}) {
  const { value, error, reload } = loaded;
  return (
    <>
      {error !== null && <Failed message={error} retry={reload} />}
      {value !== null && children(value)}
      {value === null && error === null && <Loading what={what} />}
    </>
  );
}
