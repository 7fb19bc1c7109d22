/**
 * Being told to stop: by a signal, or because whoever started us is gone. `npm run` starts a script through a shell, and
 * a signal sent to npm ends that shell without reaching the script; its parent is then another process.
 */

/** Time between two looks at who our parent is, ms. */
const PARENT_POLL_MS = 500;

/**
 * Calls back, once per signal, when this process is to stop: `SIGINT`, `SIGTERM` or `SIGHUP`. When npm started us, its
 * shell's end counts as `SIGTERM`. (Started otherwise, losing the parent is normal: `nohup … &`.)
 */
export function onInterruption(stop: (signal: "SIGINT" | "SIGTERM" | "SIGHUP") => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop("SIGTERM");
  }, PARENT_POLL_MS);
  timer.unref();
}
