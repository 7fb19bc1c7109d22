/**
 * Detects when this process has to stop: by a signal, or because its parent has ended. `npm run` starts a script through a
 * shell. A signal to npm ends that shell without reaching the script, whose parent is then another process.
 */

/** Time between two checks of the parent process, ms. */
const PARENT_POLL_MS = 500;

/**
 * Calls back, once per signal, when this process has to stop: `SIGINT`, `SIGTERM` or `SIGHUP`. If npm started the process,
 * the end of its shell counts as `SIGTERM`. (Otherwise the end of the parent is normal, as with `nohup … &`.)
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
