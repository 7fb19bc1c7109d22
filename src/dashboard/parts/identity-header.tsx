/** The header of an identity: names, times, counts, suspicion, attackers. */
import type { Loaded } from "../resource.ts";
import type { IdentityPage } from "../../http/dashboard/wire.ts";
import { type Evidence, type Primitive, type State, STATES } from "../schemas.ts";
import { E_WORDS, eWords } from "../evidence-words.ts";
import { counted, shortUuid } from "../words.ts";
import { EvidenceStory } from "./evidence-story.tsx";
import { StateCounts } from "./mark.tsx";
import { Ago } from "./time.tsx";

/** Suspected primitives that are named. */
const NAMED = 20;

interface Props {
  readonly page: IdentityPage;
  /** The states now; null until they are there. */
  readonly primitives: readonly Primitive[] | null;
  readonly evidence: Loaded<Evidence>;
  readonly askedUuid: string;
}

export function IdentityHeader({ page, primitives, evidence, askedUuid }: Props) {
  const { uuid, attackers, attacker_count: attackerCount, merged_from: mergedFrom } = page;
  const e = evidence.value?.e ?? null;
  const { states, observationCount, lastTs, suspected } = summarize(primitives ?? []);
  return (
    <header class="identity-head">
      <p class="small">
        <a href="/">← Identities</a>
      </p>
      <h1>
        <span class="quiet">Identity</span> <code>{shortUuid(uuid)}</code>
      </h1>
      <p class="uuid small quiet">
        <code>{uuid}</code>
      </p>
      {askedUuid !== uuid && (
        <p class="banner">
          <code>{shortUuid(askedUuid)}</code> was merged into this identity.
        </p>
      )}
      {suspected.length > 0 && (
        <p class="banner banner-suspicion" role="note">
          <strong>Several actors suspected.</strong> These primitives alternate between two values each:{" "}
          {suspected.slice(0, NAMED).map((primitive, i) => (
            <span key={primitive}>
              {i > 0 && ", "}
              <a href={`/identity/${uuid}?open=${primitive}`}>{primitive}</a>
            </span>
          ))}
          {suspected.length > NAMED ? ` and ${suspected.length - NAMED} more` : ""}
        </p>
      )}
      <EvidenceStory uuid={uuid} evidence={evidence} />
      <dl class="facts">
        <div>
          <dt>First seen</dt>
          <dd>
            <Ago ts={page.first_seen_at} />
          </dd>
        </div>
        <div>
          <dt>Last seen</dt>
          <dd>
            <Ago ts={laterOf(page.last_seen_at, lastTs)} />
          </dd>
        </div>
        <div>
          <dt>Observations</dt>
          <dd>{primitives === null ? "…" : observationCount.toLocaleString("en")}</dd>
        </div>
        <div>
          <dt>States</dt>
          <dd>{primitives === null ? "…" : <StateCounts states={states} />}</dd>
        </div>
        <div>
          <dt>Evidence</dt>
          <dd title={E_WORDS}>{e === null ? "–" : `E ${eWords(e)} of 100`}</dd>
        </div>
        {mergedFrom.length > 0 && (
          <div>
            <dt>Merged from</dt>
            <dd>
              {mergedFrom.map((each) => (
                <code key={each} class="merged-uuid" title={each}>
                  {shortUuid(each)}
                </code>
              ))}
            </dd>
          </div>
        )}
      </dl>
      <details class="attackers" open={attackers.length <= 3}>
        <summary>
          {counted(attackerCount, "attacker")}
          {attackerCount > attackers.length ? `; ${attackers.length} of them` : ""}
        </summary>
        <ul>
          {attackers.map((attacker) => (
            <li key={attacker.uuid}>
              <b>{attacker.ip ?? "no address"}</b> <code class="quiet small">{attacker.uuid}</code>
              <span class="quiet small">
                {" "}
                seen <Ago ts={attacker.first_seen} />
                {attacker.last_seen !== attacker.first_seen && (
                  <>
                    , last <Ago ts={attacker.last_seen} />
                  </>
                )}
              </span>
            </li>
          ))}
        </ul>
      </details>
    </header>
  );
}

/** Counts and suspicion, computed from the states. */
function summarize(primitives: readonly Primitive[]) {
  const inState = (state: State) => primitives.filter((each) => each.state === state);
  const states: Record<State, number> = { stable: 0, drifting: 0, conflicted: 0, multi_actor: 0, unknown: 0 };
  for (const state of STATES) states[state] = inState(state).length;
  const alternating = inState("multi_actor").map(({ primitive }) => primitive);
  return {
    states,
    observationCount: primitives.reduce((sum, each) => sum + each.observation_count, 0),
    lastTs: primitives.reduce<number | null>((last, each) => laterOf(last, each.last_observation_ts), null),
    // A suspicion needs two.
    suspected: alternating.length >= 2 ? alternating : [],
  };
}

function laterOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
