/** Dead letters: the reason, the body, and replaying them. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type * as z from "zod";
import { ask, messageOf } from "../api.ts";
import { Await, Empty } from "../parts/notice.tsx";
import { Ago } from "../parts/time.tsx";
import { useLoaded } from "../resource.ts";
import { setView, url } from "../route.ts";
import { type Letter, lettersSchema, replayedSchema, statsSchema } from "../schemas.ts";
import { counted } from "../words.ts";

const SHOWN = 100;
/** How long to wait after a replay before the list is loaded again, ms. */
const LOOK_AGAIN_MS = 2_500;

export function DeadLetters() {
  const code = url.value.searchParams.get("code") ?? "";
  const filter = code === "" ? "" : `&code=${encodeURIComponent(code)}`;
  const letters = useLoaded(`letters${filter} `, () =>
    ask(`/dead-letters?limit=${SHOWN}${filter}`, lettersSchema),
  );
  const stats = useLoaded("stats", () => ask("/stats", statsSchema));
  const said = useSignal<{ isBad: boolean; text: string } | null>(null);
  const isBusy = useSignal(false);
  const timers = useMemo(() => new Set<ReturnType<typeof setTimeout>>(), []);
  useEffect(
    () => () => {
      for (const timer of timers) clearTimeout(timer);
    },
    [timers],
  );
  const look = () => {
    letters.reload();
    stats.reload();
  };
  const replay = async (path: string) => {
    isBusy.value = true;
    try {
      let [replayed, skipped] = [0, 0];
      for (let cursor: string | null = ""; cursor !== null;) {
        const step: z.infer<typeof replayedSchema> = await ask(after(path, cursor), replayedSchema, "POST");
        replayed += step.replayed;
        skipped += step.skipped;
        cursor = step.next_cursor;
      }
      const rest =
        skipped > 0 ? ` ${counted(skipped, "was", "were")} kept only in part or too long, and stay.` : "";
      const text = `${counted(replayed, "letter")} put back on the queue.${rest} What comes through disappears from here.`;
      said.value = { isBad: false, text };
      timers.add(setTimeout(look, LOOK_AGAIN_MS));
    } catch (reason) {
      said.value = { isBad: true, text: messageOf(reason) };
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <>
      <div class="page-head">
        <h1>Dead letters</h1>
        <button type="button" onClick={look}>
          Refresh
        </button>
      </div>
      <Await loaded={stats} what="the totals">
        {({ dead_letters: counts }) => (
          <div class="filters">
            <button type="button" aria-pressed={code === ""} onClick={() => setView({ code: null })}>
              All
            </button>
            {Object.entries(counts).map(([each, count]) => (
              <button
                type="button"
                key={each}
                aria-pressed={each === code}
                onClick={() => setView({ code: each })}
              >
                {each} <b>{count}</b>
              </button>
            ))}
          </div>
        )}
      </Await>
      <p role="status" class={said.value === null ? "hidden" : said.value.isBad ? "banner wrong" : "banner"}>
        {said.value?.text}
      </p>
      <Await loaded={letters} what="dead letters">
        {({ data, next_cursor: next }) =>
          data.length === 0 ? (
            <Empty title="No dead letters.">Everything that came could be read and stored.</Empty>
          ) : (
            <>
              <p>
                <button
                  type="button"
                  class="primary"
                  disabled={isBusy.value}
                  onClick={() => void replay(`/dead-letters/replay${filter.replace("&", "?")}`)}
                >
                  Replay {code === "" ? "all" : `all ${code}`}
                </button>
                {next !== null && <span class="quiet small"> The oldest {SHOWN} are shown.</span>}
              </p>
              <ul class="letters">
                {data.map((letter) => (
                  <LetterCard
                    key={letter.id}
                    letter={letter}
                    isBusy={isBusy.value}
                    replay={() => void replay(`/dead-letters/${encodeURIComponent(letter.id)}/replay`)}
                  />
                ))}
              </ul>
            </>
          )
        }
      </Await>
    </>
  );
}

/** The path of the next step of a replay. */
function after(path: string, cursor: string): string {
  return cursor === "" ? path : `${path}${path.includes("?") ? "&" : "?"}cursor=${cursor}`;
}

function LetterCard({ letter, isBusy, replay }: { letter: Letter; isBusy: boolean; replay: () => void }) {
  return (
    <li class="card letter">
      <p class="letter-head">
        <b class="code">{letter.code}</b>
        {letter.field !== "" && <code>{letter.field}</code>}
        <span class="quiet small">
          <Ago ts={letter.received_ts} /> · {counted(letter.attempts, "attempt")} ·{" "}
          {letter.body_bytes.toLocaleString("en")} bytes
        </span>
        <button
          type="button"
          disabled={isBusy || letter.truncated}
          title={letter.truncated ? "Kept only in part: there is nothing whole to replay" : ""}
          onClick={replay}
        >
          Replay
        </button>
      </p>
      <p>{letter.detail}</p>
      <details>
        <summary>
          What came{letter.truncated ? " (its beginning)" : ""}
          <span class="hidden">: letter {letter.id}</span>
        </summary>
        <pre tabIndex={0}>{letter.body}</pre>
      </details>
    </li>
  );
}
