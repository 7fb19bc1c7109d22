/** Jobs of the admin scope: pausing the engine, and recomputing everything. */
import { useSignal } from "@preact/signals";
import { ask, messageOf } from "../api.ts";
import { Await } from "../parts/notice.tsx";
import { Ago } from "../parts/time.tsx";
import { useLoaded } from "../resource.ts";
import { controlSchema, rebuildSchema } from "../schemas.ts";
import { counted } from "../words.ts";

const EVERY_MS = 3_000;

export function Jobs() {
  const control = useLoaded("control", () => ask("/control", controlSchema), EVERY_MS);
  const rebuild = useLoaded("rebuild", () => ask("/rebuild", rebuildSchema), EVERY_MS);
  const error = useSignal<string | null>(null);
  const act = async (doing: () => Promise<unknown>) => {
    error.value = null;
    try {
      await doing();
    } catch (reason) {
      error.value = messageOf(reason);
    }
    control.reload();
    rebuild.reload();
  };
  return (
    <>
      <div class="page-head">
        <h1>Jobs</h1>
      </div>
      {error.value !== null && (
        <p class="banner wrong" role="alert">
          {error.value}
        </p>
      )}
      <section class="card" aria-labelledby="control-title">
        <h2 id="control-title">Taking in observations</h2>
        <Await loaded={control} what="the switch">
          {({ paused }) => (
            <>
              <p role="status">
                <b>{paused ? "Paused" : "Running"}</b>
                {paused
                  ? ": messages wait, reads go on, nothing is lost."
                  : ": messages are taken as they come."}
              </p>
              <button
                type="button"
                onClick={() =>
                  void act(() =>
                    ask("/control", controlSchema, "POST", { action: paused ? "resume" : "pause" }),
                  )
                }
              >
                {paused ? "Resume" : "Pause"}
              </button>
            </>
          )}
        </Await>
      </section>
      <section class="card" aria-labelledby="rebuild-title">
        <h2 id="rebuild-title">Rebuild</h2>
        <p class="quiet small">
          Recomputes every identity from the stored observations. Changes nothing where all is well; goes on
          by itself, through restarts.
        </p>
        <Await loaded={rebuild} what="its progress">
          {({ state, done, total, failed, finished_ts: finishedTs }) => (
            <>
              {state === "running" && (
                <>
                  <progress max={Math.max(1, total)} value={done} aria-label="Progress of the rebuild" />
                  <p role="status">
                    {done.toLocaleString("en")} of {counted(total, "identity", "identities")}
                    {failed > 0 ? `, ${counted(failed, "failed and is", "failed and are")} tried again` : ""}
                  </p>
                </>
              )}
              {state === "finished" && (
                <p role="status">
                  Finished <Ago ts={finishedTs} />: {counted(done, "identity", "identities")}
                  {failed > 0 ? `, ${failed} failed` : ""}.
                </p>
              )}
              {state === "never" && <p role="status">Never run.</p>}
              <button
                type="button"
                disabled={state === "running"}
                onClick={() => void act(() => ask("/rebuild", rebuildSchema, "POST"))}
              >
                Rebuild everything
              </button>
            </>
          )}
        </Await>
      </section>
    </>
  );
}
