/** `ETag` and 304: a client that has the answer is told so, and is never told so of an answer that changed. */
import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../../src/core/index.ts";
import { deliver } from "../../setup/deliver.ts";
import { get } from "../../setup/get.ts";
import { waitForSeq } from "../../setup/outbound.ts";
import { payload, series } from "../../setup/payload.ts";

/** Each route with a tag, of an attacker and its identity. */
const ROUTES = {
  "attackers/{uuid}/attribution": (attackerUuid: string) => `/api/v1/attackers/${attackerUuid}/attribution`,
  "identities/{uuid}/attribution": (attackerUuid: string) =>
    `/api/v1/identities/${stubIdentityUuid(attackerUuid)}/attribution`,
  "identities/{uuid}/attribution?as_of": (attackerUuid: string) =>
    `/api/v1/identities/${stubIdentityUuid(attackerUuid)}/attribution?as_of=1714000060`,
  "identities/{uuid}": (attackerUuid: string) => `/api/v1/identities/${stubIdentityUuid(attackerUuid)}`,
} as const;

async function observed(): Promise<string> {
  const attackerUuid = crypto.randomUUID();
  await deliver(series(attackerUuid, "motor.input_modality", ["a", "a"]));
  await waitForSeq(stubIdentityUuid(attackerUuid), 2);
  return attackerUuid;
}

async function tagOf(path: string): Promise<string> {
  const response = await get(path);
  expect(response.status).toBe(200);
  return response.headers.get("etag") ?? "";
}

describe.each(Object.entries(ROUTES))("[§7] GET %s", (_, route) => {
  it("the same answer has the same tag, and is not sent to who has it", async () => {
    const path = route(await observed());
    const first = await get(path);
    const tag = first.headers.get("etag") ?? "";
    expect(tag).toMatch(/^(W\/)?"[^"]+"$/);
    expect(await tagOf(path)).toBe(tag);
    const strong = tag.replace(/^W\//, "");
    for (const sent of [strong, `W/${strong}`, `"other", ${strong}`, `W/"x",W/${strong} , "y"`, "*"]) {
      const again = await get(path, { headers: { "if-none-match": sent } });
      expect([sent, again.status, await again.text()]).toEqual([sent, 304, ""]);
      expect(again.headers.get("etag")).toBe(tag);
      expect(again.headers.get("cache-control")).toBe(first.headers.get("cache-control"));
      expect(again.headers.get("content-security-policy")).not.toBeNull();
    }
  });

  it.each(['"other"', 'W/"other"', "", "nonsense", '"', `"${"x".repeat(2_000)}"`])(
    "a client that has another answer gets this one: %.20s",
    async (sent) => {
      const path = route(await observed());
      const response = await get(path, { headers: { "if-none-match": sent } });
      expect(response.status).toBe(200);
      expect(await response.json()).toBeTypeOf("object");
    },
  );

  it("may be kept by the client alone, and only if it asks each time", async () => {
    const response = await get(route(await observed()));
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
  });

  it("without a token, or of what is not known, there is no 304", async () => {
    const path = route(await observed());
    const headers = { "if-none-match": await tagOf(path) };
    expect((await exports.default.fetch(`https://x${path}`, { headers })).status).toBe(401);
    expect((await get(path, { token: "ingest-token", headers })).status).toBe(403);
    const unknown = await get(route(crypto.randomUUID()), { headers: { "if-none-match": "*" } });
    expect([unknown.status, unknown.headers.get("etag")]).toEqual([404, null]);
    expect(unknown.headers.get("cache-control")).toBe("no-store");
  });
});

describe("[§7] the tag", () => {
  it("changes with every observation, also with one that changes no state", async () => {
    const attackerUuid = crypto.randomUUID();
    const paths = [ROUTES["attackers/{uuid}/attribution"], ROUTES["identities/{uuid}/attribution"]].map(
      (route) => route(attackerUuid),
    );
    const seen = new Set<string>();
    for (const [i, value] of ["a", "a", "a", "a", "b", "b"].entries()) {
      await deliver([payload({ attacker_uuid: attackerUuid, value, ts: 1_714_000_000 + i })]);
      const tags = await Promise.all(paths.map(tagOf));
      expect(tags[0]).toBe(tags[1]);
      expect(seen).not.toContain(tags[0]);
      seen.add(String(tags[0]));
      expect(
        (await get(String(paths[0]), { headers: { "if-none-match": [...seen].join(", ") } })).status,
      ).toBe(304);
    }
  });

  it("stays as it is when a message comes again", async () => {
    const attackerUuid = await observed();
    const event = payload({ attacker_uuid: attackerUuid, ts: 1_714_000_500 });
    await deliver([event]);
    const path = ROUTES["identities/{uuid}/attribution"](attackerUuid);
    const tag = await tagOf(path);
    await deliver([event, event]);
    expect(await tagOf(path)).toBe(tag);
  });

  it("of an identity changes with its attackers", async () => {
    const attackerUuid = await observed();
    const path = ROUTES["identities/{uuid}"](attackerUuid);
    const tag = await tagOf(path);
    await exports.default.fetch(`https://x/api/v1/attackers/${attackerUuid}`, {
      method: "PUT",
      headers: { authorization: "Bearer ingest-token", "content-type": "application/json" },
      body: JSON.stringify({ ip: "192.0.2.7" }),
    });
    expect(await tagOf(path)).not.toBe(tag);
  });

  it("as of a time in the past does not change with what comes later", async () => {
    const attackerUuid = await observed();
    const path = ROUTES["identities/{uuid}/attribution?as_of"](attackerUuid);
    const tag = await tagOf(path);
    await deliver([payload({ attacker_uuid: attackerUuid, ts: 1_714_000_500 })]);
    expect(await tagOf(path)).toBe(tag);
    await deliver([payload({ attacker_uuid: attackerUuid, ts: 1_714_000_030 })]);
    expect(await tagOf(path)).not.toBe(tag);
  });

  it("comes with HEAD as well", async () => {
    const path = ROUTES["identities/{uuid}"](await observed());
    const response = await get(path, { method: "HEAD" });
    expect([response.status, response.headers.get("etag")]).toEqual([200, await tagOf(path)]);
  });
});
