/** Evidence in the identity object: what is found is published and answered, with no row more in the steady state. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { type EvidenceAnswer, IdentityObject } from "../../src/identity/index.ts";
import { nextAttackerUuid } from "../setup/attackers.ts";
import { call } from "../setup/api.ts";
import { deliver } from "../setup/deliver.ts";
import { inObject, retarget } from "../setup/identity-object.ts";
import { payload, series } from "../setup/payload.ts";
import { eventsOf, expectSound, quiesce } from "./sound.ts";

const TYPED = "motor.input_modality";
const PAUSES = "motor.inter_key_interval_ms";
const START_TS = 1_714_000_000;

function fresh() {
  const attackerUuid = nextAttackerUuid();
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

/** A value that changes once: enough for a proof. */
const changing = (before: number, after: number) => [
  ...Array.from({ length: before }, () => "typed"),
  ...Array.from({ length: after }, () => "pasted"),
];

interface Body {
  readonly e: number | null;
  readonly change: readonly {
    readonly primitive: string;
    readonly e: number | null;
    readonly observations: number;
    readonly changes: readonly { readonly id: string; readonly ts: number; readonly since_ts: number }[];
  }[];
  readonly commands: { readonly sessions: number } | null;
}

function bodyOf(answer: EvidenceAnswer): Body {
  if (answer.outcome !== "evidence") throw new Error(`expected evidence, got ${answer.outcome}`);
  return JSON.parse(answer.body);
}

const evidenceEvents = async (identityUuid: string) =>
  (await eventsOf(identityUuid)).filter(({ type }) => type.startsWith("evidence."));

const hasEntries = (stub: ReturnType<typeof fresh>["stub"]) =>
  inObject(
    stub,
    (sql) => sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'hook_entries'").toArray().length > 0,
  );

describe("[evidence] a proven change", () => {
  it("is published after the states, kept as an entry, and answered now and as of a time", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, TYPED, changing(60, 40));
    await deliver([{ events: events.slice(0, 60) }]);
    await quiesce(identityUuid);
    expect(await hasEntries(stub)).toBe(false);
    expect(bodyOf(await stub.readEvidence(null, null))).toMatchObject({
      change: [{ primitive: TYPED, observations: 60, changes: [] }],
      commands: null,
    });
    await deliver([{ events: events.slice(60) }]);
    await quiesce(identityUuid);
    const [changed, ...others] = await evidenceEvents(identityUuid);
    expect(others).toEqual([]);
    expect(changed).toMatchObject({
      topic: "attribution.evidence.changed",
      payload: { identity_uuid: identityUuid, primitive: TYPED, since_ts: START_TS + 60 * 60 },
      explanation: { rule: "e_process" },
    });
    const now = bodyOf(await stub.readEvidence(null, null));
    const [change] = now.change;
    expect(change?.changes).toEqual([expect.objectContaining({ id: changed?.payload["id"] })]);
    expect(now.e).toBeCloseTo((change?.e ?? 0) / 32);
    expect(bodyOf(await stub.readEvidence(null, "no.such"))).toMatchObject({ e: now.e, change: [] });
    // Before it was proven.
    const changeTs = change?.changes[0]?.ts ?? 0;
    const before = bodyOf(await stub.readEvidence(changeTs - 1, TYPED));
    expect(before.change[0]?.changes).toEqual([]);
    expect(before.commands).toBeNull();
    expect(bodyOf(await stub.readEvidence(changeTs, TYPED)).change[0]?.changes).toHaveLength(1);
    expect(bodyOf(await stub.readEvidence(Number.MAX_VALUE, null))).toEqual(now);
    expect(bodyOf(await stub.readEvidence(START_TS - 1, null)).change).toEqual([]);
    await expectSound(identityUuid);
  });

  it("is withdrawn and found again where late data move it, once each", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, TYPED, changing(60, 40));
    const [first, ...others] = events;
    await deliver([{ events: others }]);
    await quiesce(identityUuid);
    await deliver([first]);
    await quiesce(identityUuid);
    const published = await evidenceEvents(identityUuid);
    expect(published.map(({ type }) => type)).toEqual([
      "evidence.changed",
      "evidence.withdrawn",
      "evidence.changed",
    ]);
    const ids = published.map((event) => event.payload["id"]);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[1]);
    expect(bodyOf(await stub.readEvidence(null, null)).change[0]?.changes).toEqual([
      expect.objectContaining({ id: ids[2] }),
    ]);
    // The same from nothing.
    await call("POST", `identities/${identityUuid}/rebuild`);
    await quiesce(identityUuid);
    expect(await evidenceEvents(identityUuid)).toHaveLength(3);
    await expectSound(identityUuid);
  });

  it("an erasure withdraws it, and takes what its values were out of the history and the outbox", async () => {
    const [one, other] = [fresh(), fresh()];
    const { identityUuid, stub } = one;
    await deliver([{ events: series(one.attackerUuid, TYPED, changing(60, 0)) }]);
    await deliver([{ events: series(other.attackerUuid, TYPED, changing(0, 40), START_TS + 60 * 60) }]);
    await quiesce(identityUuid, other.identityUuid);
    const merged = await call("POST", `identities/${identityUuid}/merge`, { loser_uuid: other.identityUuid });
    expect(merged.status).toBe(200);
    await quiesce(identityUuid);
    const [changed] = await evidenceEvents(identityUuid);
    expect(changed?.payload).toMatchObject({ before: expect.anything(), after: expect.anything() });
    const erased = await call("DELETE", `attackers/${other.attackerUuid}`);
    expect(erased.status).toBeLessThan(300);
    await quiesce(identityUuid);
    await expect
      .poll(async () => JSON.stringify(await eventsOf(identityUuid)).includes(other.attackerUuid))
      .toBe(false);
    const after = await evidenceEvents(identityUuid);
    expect(after.map(({ type }) => type)).toEqual(["evidence.changed", "evidence.withdrawn"]);
    expect(after[0]).not.toHaveProperty("explanation");
    expect(after[0]?.payload).toEqual({ ...changed?.payload, before: null, after: null, effect: null });
    expect(bodyOf(await stub.readEvidence(null, null)).change[0]?.changes).toEqual([]);
    await expectSound(identityUuid);
  });

  it("an erasure while evidence is off withdraws it too, and leaves nothing of what was found", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const other = crypto.randomUUID();
    await call("PUT", `attackers/${other}`, { identity_uuid: identityUuid });
    await deliver([{ events: series(attackerUuid, TYPED, changing(60, 0)) }]);
    await deliver([{ events: series(other, TYPED, changing(0, 40), START_TS + 60 * 60) }]);
    await quiesce(identityUuid);
    const [changed] = await evidenceEvents(identityUuid);
    expect(changed).toMatchObject({ type: "evidence.changed" });
    await instanceWith(stub, { EVIDENCE: "off" }, async (instance) => {
      await instance.erase(other, Date.now() / 1_000);
      await instance.drain();
    });
    const kept = await inObject(stub, (sql) => ({
      entries: sql.exec("SELECT body FROM hook_entries").toArray(),
      bytes: sql.exec<{ kept: ArrayBuffer }>("SELECT kept FROM states").one().kept.byteLength,
    }));
    // One length and no bytes.
    expect(kept).toEqual({ entries: [], bytes: 4 });
    expect((await evidenceEvents(identityUuid)).map(({ type, payload: { id } }) => [type, id])).toEqual([
      ["evidence.changed", changed?.payload["id"]],
      ["evidence.withdrawn", changed?.payload["id"]],
    ]);
  });
});

/** The same object with other variables and another first database. */
function instanceWith(
  stub: ReturnType<typeof fresh>["stub"],
  change: Partial<Env> & { readonly EVIDENCE?: string },
  act: (instance: IdentityObject) => unknown,
): Promise<unknown> {
  return runInDurableObject(stub, async (_, state) => {
    const instance = new IdentityObject(state, { ...env, ...change });
    await state.blockConcurrencyWhile(() => Promise.resolve());
    return act(instance);
  });
}

describe("[evidence] commands", () => {
  const WORDS = "cognitive.command_words";

  /** Applies sessions with words, one by one. */
  function applySessions(
    instance: IdentityObject,
    attackerUuid: string,
    wordShares?: Readonly<Record<string, number>>,
  ): void {
    for (let nth = 0; nth < 9; nth++) {
      const words = Array.from({ length: 5 }, (_, i) => `${(nth * 3 + i) % 7}`.padStart(16, "0"));
      instance.apply({
        links: [{ attackerUuid, linkVersion: 1, firstSeenTs: 1, needsBackfill: false }],
        observations: [
          {
            id: "i",
            attackerUuid,
            primitive: WORDS,
            value: JSON.stringify(words),
            ts: START_TS + nth,
            evidenceRef: `e${nth}`,
          },
        ],
        ...(wordShares && { wordShares }),
      });
    }
  }

  const commandsOf = (instance: IdentityObject) => bodyOf(instance.readEvidence(null, null)).commands;
  const scored = { WORD_SECRET: "word-secret" };

  it("are scored, and anew by an erasure; no change is looked for in words", async () => {
    const { attackerUuid, stub } = fresh();
    await instanceWith(stub, scored, async (instance) => {
      applySessions(instance, attackerUuid);
      const first = bodyOf(instance.readEvidence(null, null));
      expect(first.commands).toEqual({
        sessions: 9,
        last: { score: expect.any(Number), p: expect.any(Number) },
      });
      expect(first.change).toEqual([]);
      expect(bodyOf(instance.readEvidence(START_TS + 5, null)).commands).toBeNull();
      await instance.erase(attackerUuid, START_TS + 1);
      expect(commandsOf(instance)).toMatchObject({ sessions: 7 });
    });
  });

  it("are scored with the shares of a call; a word without one counts as unseen", async () => {
    const applied = async (wordShares?: Readonly<Record<string, number>>) => {
      const { attackerUuid, stub } = fresh();
      return instanceWith(stub, scored, (instance) => {
        applySessions(instance, attackerUuid, wordShares);
        return commandsOf(instance);
      });
    };
    const unseen = await applied();
    expect(await applied({})).toEqual(unseen);
    expect(await applied({ "0000000000000003": 0.5, constructor: 0.5 })).not.toEqual(unseen);
  });

  it("are not scored without a secret, and what was learnt is dropped with the next words", async () => {
    const { attackerUuid, stub } = fresh();
    await instanceWith(stub, scored, (instance) => applySessions(instance, attackerUuid));
    await instanceWith(stub, { WORD_SECRET: "" }, (instance) => {
      expect(commandsOf(instance)).toBeNull();
      expect(instance.readAttribution(null)).toMatchObject({ outcome: "states" });
    });
  });
});

describe("[evidence] the secret", () => {
  const applyTo = (instance: IdentityObject, attackerUuid: string) =>
    instance.apply({
      links: [{ attackerUuid, linkVersion: 1, firstSeenTs: 1, needsBackfill: false }],
      observations: [
        {
          id: "i",
          attackerUuid,
          primitive: TYPED,
          value: '"typed"',
          ts: START_TS,
          evidenceRef: "e",
        },
      ],
    });

  it("that no variable sets is read from the first database, before the first decision", async () => {
    const row = await env.DB.prepare("SELECT value FROM control WHERE name = 'evidence_secret'").first<{
      value: string;
    }>();
    expect(row?.value).toMatch(/^[0-9a-f]{64}$/);
    const { attackerUuid, stub } = fresh();
    await instanceWith(stub, { EVIDENCE_SECRET: "" }, (instance) => {
      expect(applyTo(instance, attackerUuid)).toMatchObject({ outcome: "applied", applied: 1 });
      expect(bodyOf(instance.readEvidence(null, null)).change).toHaveLength(1);
    });
  });

  it("that cannot be read stops decisions and nothing else, until it can be read", async () => {
    const { attackerUuid, stub } = fresh();
    let isDown = true;
    const db = new Proxy(env.DB, {
      get(target, name) {
        if (isDown && name === "prepare") throw new Error("D1 is down");
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    await instanceWith(stub, { EVIDENCE_SECRET: "", DB: db }, async (instance) => {
      expect(() => applyTo(instance, attackerUuid)).toThrow(/must be prepared before a decision/);
      expect(instance.readAttribution(null)).toMatchObject({ outcome: "states", primitives: "[]" });
      isDown = false;
      // The refused call has begun to read it again; the consumer comes back later.
      expect(() => applyTo(instance, attackerUuid)).toThrow(/must be prepared before a decision/);
      await expect.poll(() => isApplied(() => applyTo(instance, attackerUuid))).toBe(true);
    });
  });

  function isApplied(act: () => { outcome: string }): boolean {
    try {
      return act().outcome === "applied";
    } catch {
      return false;
    }
  }
});

/** A database that does something before the sessions of an estimate are read. */
function beforeSessionsAreRead(db: D1Database, act: () => void): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name !== "prepare") {
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      }
      return (sql: string) => {
        if (sql.includes("min(sessions.last_ts")) act();
        return target.prepare(sql);
      };
    },
  });
}

describe("[evidence] the number of operators", () => {
  /** Two people who take turns: sessions of two traits that differ. */
  function session(attackerUuid: string, nth: number, who: number) {
    const ts = START_TS + nth * 3_600;
    const base = { attacker_uuid: attackerUuid, ts, window: { start_ts: ts - 60, end_ts: ts } };
    return [
      payload({ ...base, primitive: TYPED, value: who === 0 ? "typed" : "pasted" }),
      payload({ ...base, primitive: PAUSES, value: 100 + 80 * who + ((nth * 37) % 11) }),
      payload({ ...base, primitive: "toolchain.ssh.hassh_client", value: `client ${who}` }),
    ];
  }

  /** Somebody different every time the number of switches says so; never in step with 8. */
  const turns = Array.from({ length: 48 }, (_, nth) => ((nth * 7) % 5 < 2 ? 1 : 0));

  it("is published when it changes, from the record, and not again", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    for (const [nth, who] of turns.entries()) await deliver([{ events: session(attackerUuid, nth, who) }]);
    await quiesce(identityUuid);
    await expect
      .poll(async () =>
        (await evidenceEvents(identityUuid)).filter(({ type }) => type === "evidence.operators"),
      )
      .toHaveLength(1);
    const event = (await evidenceEvents(identityUuid)).find(({ type }) => type === "evidence.operators");
    expect(event?.payload).toMatchObject({
      identity_uuid: identityUuid,
      estimate: 2,
      old_estimate: 1,
      primitives: [PAUSES, TYPED, "toolchain.ssh.hassh_client"].toSorted(),
    });
    const head = await inObject(stub, (sql) =>
      sql.exec<{ kept: string }>("SELECT value ->> 'kept' AS kept FROM meta WHERE name = 'head'").one(),
    );
    expect(JSON.parse(head.kept)).toEqual({ operators: 2 });
    await expectSound(identityUuid);
  });

  it("an estimate that says nothing new writes no row; one that fails is made by the next call or the sweep", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    let reads = 0;
    let isDown = false;
    await retarget(stub, (targets) => ({
      ...targets,
      db: beforeSessionsAreRead(targets.db, () => {
        reads++;
        if (isDown) throw new Error("D1 is down");
      }),
    }));
    for (let nth = 0; nth < 7; nth++) await deliver([{ events: session(attackerUuid, nth, 0) }]);
    await quiesce(identityUuid);
    expect(reads).toBe(0);
    isDown = true;
    await deliver([{ events: session(attackerUuid, 7, 0) }]);
    await expect.poll(() => reads).toBe(1);
    isDown = false;
    // It looks at all pages, as after an eviction.
    await stub.refreshProfile();
    await expect.poll(() => reads).toBe(2);
    for (let nth = 8; nth < 15; nth++) await deliver([{ events: session(attackerUuid, nth, 0) }]);
    await quiesce(identityUuid);
    expect(reads).toBe(2);
    await deliver([{ events: session(attackerUuid, 15, 0) }]);
    await expect.poll(() => reads).toBe(3);
    expect(await evidenceEvents(identityUuid)).toEqual([]);
    const noted = await inObject(stub, (sql) =>
      sql.exec<{ count: number }>("SELECT estimated_count AS count FROM states").toArray(),
    );
    expect(noted).toEqual([{ count: 8 }]);
  });

  it("sessions that come fast are estimated once more, after their end", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    let reads = 0;
    await retarget(stub, (targets) => ({
      ...targets,
      db: beforeSessionsAreRead(targets.db, () => void reads++),
    }));
    for (let nth = 0; nth < 8; nth++) await deliver([{ events: session(attackerUuid, nth, 0) }]);
    await expect.poll(() => reads).toBe(1);
    for (let nth = 8; nth < 32; nth++) await deliver([{ events: session(attackerUuid, nth, 0) }]);
    await quiesce(identityUuid);
    await expect.poll(() => reads).toBe(2);
    expect((await stub.inspect()).pending).toBe(0);
  });

  it("is estimated again at every 8th session after most of them have expired", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    for (let nth = 0; nth < 40; nth++) await deliver([{ events: session(attackerUuid, nth, 0) }]);
    await quiesce(identityUuid);
    let reads = 0;
    await retarget(stub, (targets) => ({
      ...targets,
      db: beforeSessionsAreRead(targets.db, () => {
        reads++;
      }),
    }));
    expect((await stub.expire(START_TS + 29.5 * 3_600, 1_000)).removed).toBeGreaterThan(80);
    await quiesce(identityUuid);
    expect(reads).toBe(0);
    for (let nth = 40; nth < 48; nth++) await deliver([{ events: session(attackerUuid, nth, 0) }]);
    await expect.poll(() => reads).toBe(1);
    await expectSound(identityUuid);
  });

  it("is one again after an erasure that leaves no trait", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const other = crypto.randomUUID();
    await call("PUT", `attackers/${other}`, { identity_uuid: identityUuid });
    await deliver([payload({ attacker_uuid: other, primitive: "temporal.session_timing", value: "night" })]);
    for (const [nth, who] of turns.entries()) await deliver([{ events: session(attackerUuid, nth, who) }]);
    const estimates = async () =>
      (await evidenceEvents(identityUuid)).flatMap(({ payload: { estimate } }) => estimate ?? []);
    await expect.poll(estimates).toEqual([2]);
    expect((await call("DELETE", `attackers/${attackerUuid}`)).status).toBeLessThan(300);
    await expect.poll(estimates).toEqual([2, 1]);
    await quiesce(identityUuid);
    await expectSound(identityUuid);
  });

  it("nothing is published for an identity that is merged away meanwhile", async () => {
    const [one, winner] = [fresh(), fresh()];
    await deliver([payload({ attacker_uuid: winner.attackerUuid })]);
    for (const [nth, who] of turns.slice(0, 39).entries())
      await deliver([{ events: session(one.attackerUuid, nth, who) }]);
    await quiesce(one.identityUuid, winner.identityUuid);
    const before = await eventsOf(one.identityUuid);
    await runInDurableObject(one.stub, (instance: IdentityObject) => {
      instance.targets = {
        ...instance.targets,
        db: beforeSessionsAreRead(instance.targets.db, () => {
          instance.mergeAway(winner.identityUuid, [], 1_000_000);
        }),
      };
    });
    await deliver([{ events: session(one.attackerUuid, 39, 1) }]);
    await expect.poll(async () => (await one.stub.inspect()).winnerUuid).toBe(winner.identityUuid);
    await quiesce(one.identityUuid);
    const operators = (await eventsOf(one.identityUuid))
      .slice(before.length)
      .filter(({ type }) => type === "evidence.operators");
    expect(operators).toEqual([]);
  });
});
