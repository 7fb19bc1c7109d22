/** Notices: loading, failed, empty. */
import type { ComponentChildren } from "preact";
import type { Loaded } from "../resource.ts";

/** Says that something is being loaded. */
export function Loading({ what }: { what: string }) {
  return (
    <div class="notice" role="status">
      <span class="spinner" aria-hidden="true" />
      Loading {what} …
    </div>
  );
}

/** Says what failed, with a button to try again. */
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

/** Says that there is nothing, and why. */
export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="notice notice-empty">
      <strong>{title}</strong>
      <p>{children}</p>
    </div>
  );
}

/** Shows a value once it is loaded; before that, a notice that it is loading or why it failed. */
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
