/** Which identity, of which attackers, seen from when to when. */
import type { Identity } from "../schemas.ts";
import { counted, shortUuid } from "../words.ts";
import { StateCounts } from "./mark.tsx";
import { Ago } from "./time.tsx";

export function IdentityHeader({ identity, askedUuid }: { identity: Identity; askedUuid: string }) {
  const { uuid, attackers, merged_from: mergedFrom, multi_actor_suspected: suspected } = identity;
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
      {suspected !== null && (
        <p class="banner banner-suspicion" role="note">
          <strong>Several actors suspected.</strong> These primitives alternate between two values each:{" "}
          {suspected.map((primitive, i) => (
            <span key={primitive}>
              {i > 0 && ", "}
              <a href={`/identity/${uuid}?open=${primitive}`}>{primitive}</a>
            </span>
          ))}
        </p>
      )}
      <dl class="facts">
        <div>
          <dt>First seen</dt>
          <dd>
            <Ago ts={identity.first_seen_at} />
          </dd>
        </div>
        <div>
          <dt>Last seen</dt>
          <dd>
            <Ago ts={identity.last_seen_at} />
          </dd>
        </div>
        <div>
          <dt>Observations</dt>
          <dd>{identity.observation_count.toLocaleString("en")}</dd>
        </div>
        <div>
          <dt>States</dt>
          <dd>
            <StateCounts states={identity.states} />
          </dd>
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
        <summary>{counted(attackers.length, "attacker")}</summary>
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
