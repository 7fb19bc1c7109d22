/** The app's type makes a client that knows every route, what it takes and what it answers. */
import { exports } from "cloudflare:workers";
import { hc } from "hono/client";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type State, stubIdentityUuid } from "../../src/core/index.ts";
import type { AppType } from "../../src/http/index.ts";
import { waitForSeq } from "../setup/outbound.ts";

const TS = 1_714_000_000;

function clientOf(token: string) {
  return hc<AppType>("https://x", {
    headers: { authorization: `Bearer ${token}` },
    fetch: (input: RequestInfo | URL, init?: RequestInit) => exports.default.fetch(new Request(input, init)),
  }).api.v1;
}

describe("[§7] a typed client", () => {
  const [reader, sensor, admin] = [clientOf("read-token"), clientOf("ingest-token"), clientOf("admin-token")];

  it("registers, reads back, lists and pages", async () => {
    const param = { uuid: crypto.randomUUID() };
    const identityUuid = stubIdentityUuid(param.uuid);
    const put = await sensor.attackers[":uuid"].$put({ param, json: { ip: "192.0.2.9", first_seen: TS } });
    expect(put.status).toBe(201);
    if (!put.ok) throw new Error("the registration must succeed");
    const registered = await put.json();
    expectTypeOf(registered.identity_uuid).toEqualTypeOf<string | null>();
    expect(registered).toMatchObject({ uuid: param.uuid, identity_uuid: identityUuid, first_seen: TS });

    const event = {
      id: "o1",
      attacker_uuid: param.uuid,
      primitive: "motor.input_modality",
      value: "typed",
      confidence: 1,
      window: { start_ts: TS - 60, end_ts: TS },
      source: "test",
      ts: TS,
    };
    const posted = await exports.default.fetch(sensor.observations.$url(), {
      method: "POST",
      headers: { authorization: "Bearer ingest-token" },
      body: JSON.stringify(event),
    });
    expect(posted.status).toBe(202);
    await waitForSeq(identityUuid, 2);

    const attribution = await reader.identities[":uuid"].attribution.$get({
      param: { uuid: identityUuid },
      query: { as_of: String(TS) },
    });
    if (attribution.status !== 200) throw new Error("the states must be there");
    const { primitives } = await attribution.json();
    expectTypeOf<(typeof primitives)[number]["state"]>().toEqualTypeOf<State>();
    expect(primitives).toMatchObject([
      { primitive: "motor.input_modality", state: "unknown", last_change_ts: TS },
    ]);

    const evidence = await reader.identities[":uuid"].evidence.$get({
      param: { uuid: identityUuid },
      query: { primitive: "motor.input_modality" },
    });
    if (evidence.status !== 200) throw new Error("the evidence must be there");
    const { change, operators } = await evidence.json();
    expectTypeOf<(typeof change)[number]["changes"][number]["since_ts"]>().toEqualTypeOf<number>();
    expectTypeOf(operators.estimate).toEqualTypeOf<number>();
    expect(change).toMatchObject([{ primitive: "motor.input_modality", observations: 1, changes: [] }]);
    const included = await reader.attackers[":uuid"].attribution.$get({
      param,
      query: { include: "evidence" },
    });
    if (included.status !== 200) throw new Error("the states must be there");
    const [state] = (await included.json()).primitives;
    expect(state?.evidence).toEqual({ e: change[0]?.e, changed_since: null });

    const list = await reader.identities.$get({
      query: { state: "unknown", evidence: "unchanged", sort: "evidence_changed", limit: "1000" },
    });
    if (list.status !== 200) throw new Error("the list must be there");
    const page = await list.json();
    expectTypeOf(page.next_cursor).toEqualTypeOf<string | null>();
    expectTypeOf<(typeof page.data)[number]["states"]["drifting"]>().toEqualTypeOf<number>();
    expect(page.data.map(({ uuid }) => uuid)).toContain(identityUuid);

    const history = await reader.identities[":uuid"].transitions.$get({
      param: { uuid: identityUuid },
      query: { limit: "1" },
    });
    if (history.status !== 200) throw new Error("the history must be there");
    const transitions = await history.json();
    expectTypeOf<(typeof transitions.data)[number]["seq"]>().toEqualTypeOf<number>();
    expect(transitions.data).toMatchObject([{ seq: 1, type: "formed" }]);
    expect(transitions.next_cursor).not.toBeNull();
  });

  it("knows the problems of a route by their status", async () => {
    const answer = await reader.identities[":uuid"].$get({
      param: { uuid: crypto.randomUUID() },
    });
    if (answer.status !== 404) throw new Error("there must be no such identity");
    const problem = await answer.json();
    expectTypeOf(problem.code).toEqualTypeOf<string>();
    expect(problem).toMatchObject({ status: 404, code: "not_found" });
  });

  it("reaches what others built as well", async () => {
    const stats = await (await admin.stats.$get()).json();
    expectTypeOf(stats.states.stable).toEqualTypeOf<number>();
    expect(stats.observations).toBeTypeOf("number");
    const merge = await admin.identities[":uuid"].merge.$post({
      param: { uuid: crypto.randomUUID() },
      json: { loser_uuid: crypto.randomUUID() },
    });
    expect(merge.status).toBe(404);
  });

  it("does not compile what no route takes", () => {
    const check = (client: typeof reader) => {
      // @ts-expect-error -- there is no such route
      void client.identites;
      // @ts-expect-error -- there is no such state
      void client.identities.$get({ query: { state: "sideways" } });
      // @ts-expect-error -- there is no such order
      void client.identities.$get({ query: { sort: "sideways" } });
      // @ts-expect-error -- the UUID is missing
      void client.identities[":uuid"].$get({});
    };
    expectTypeOf(check).toBeFunction();
    expect(reader.identities.$url().pathname).toBe("/api/v1/identities");
  });
});
