/** DECNET's webhook deliveries: what its worker sends (canonical JSON, keys sorted, ISO times), and what others might. */
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../../src/core/index.ts";
import { statesOf } from "../../setup/deliver.ts";
import { waitForSeq } from "../../setup/outbound.ts";
import { payload } from "../../setup/payload.ts";
import { ask, type Asked, readProblem } from "../../setup/request.ts";

const SECRET = "webhook-secret";

const bytes = (text: string) => new TextEncoder().encode(text);

async function sign(body: string | Uint8Array, secret = SECRET): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, typeof body === "string" ? bytes(body) : body);
  return [...new Uint8Array(signature)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function deliverSigned(body: unknown, asked: Asked & { secret?: string } = {}): Promise<Response> {
  const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return deliverWith(`sha256=${await sign(raw, asked.secret)}`, raw, asked);
}

function deliverWith(
  signature: string | null,
  body: string | Uint8Array,
  asked: Asked = {},
): Promise<Response> {
  const headers = { "content-type": "application/json", "user-agent": "decnet-webhook/1.0" };
  return ask("POST", "/api/v1/webhooks/decnet", {
    ...asked,
    headers: signature === null ? headers : { ...headers, "x-decnet-signature": signature },
    body,
  });
}

/** As DECNET's worker writes it. */
function delivery(
  observed: Readonly<Record<string, unknown>>,
  changed: Readonly<Record<string, unknown>> = {},
) {
  return {
    id: crypto.randomUUID(),
    payload: observed,
    topic: "attacker.observation.motor.input_modality",
    ts: "2024-04-25T00:00:00+00:00",
    type: "observation",
    v: 1,
    ...changed,
  };
}

describe("[§7] the signature", () => {
  const body = JSON.stringify(delivery(payload()));

  it("[§7] over the raw bytes lets a delivery in, in either case of hex", async () => {
    expect((await deliverSigned(body)).status).toBe(202);
    expect((await deliverWith(`sha256=${(await sign(body)).toUpperCase()}`, body)).status).toBe(202);
    // The same event in other bytes is another body.
    expect((await deliverWith(`sha256=${await sign(body)}`, `${body} `)).status).toBe(401);
  });

  it("[§7] is that of a published example", async () => {
    // HMAC-SHA256 test case 2 of RFC 4231.
    const response = await deliverWith(
      "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "what do ya want for nothing?",
      { env: { DECNET_WEBHOOK_SECRET: "Jefe" } },
    );
    expect(await readProblem(response)).toMatchObject({ status: 422, code: "all_refused" });
  });

  it.each<[string, (right: string) => string | null]>([
    ["missing", () => null],
    ["empty", () => ""],
    ["without its prefix", (right) => right],
    ["of another hash", (right) => `sha1=${right}`],
    ["cut short", (right) => `sha256=${right.slice(0, -2)}`],
    ["too long", (right) => `sha256=${right}00`],
    ["not hex", (right) => `sha256=${"g".repeat(right.length)}`],
    ["one bit off", (right) => `sha256=${right.slice(0, -1)}${right.endsWith("0") ? "1" : "0"}`],
    ["with another secret", () => `sha256=${"0".repeat(64)}`],
  ])("[§7] %s is 401 with a way to do better", async (_, of) => {
    const response = await deliverWith(of(await sign(body)), body);
    expect(response.headers.get("www-authenticate")).toBeTruthy();
    expect(await readProblem(response)).toMatchObject({
      status: 401,
      code: "unauthorized",
      detail: expect.stringContaining("X-DECNET-Signature"),
    });
  });

  it("[§7] is looked at before the body: neither broken JSON nor anything in it changes the 401", async () => {
    for (const broken of ["{", "", "\0", "[".repeat(100_000)]) {
      expect((await deliverWith(`sha256=${"0".repeat(64)}`, broken)).status).toBe(401);
    }
  });

  it("[§7] of any secret in the list counts, for rotation", async () => {
    const env = { DECNET_WEBHOOK_SECRET: "new-secret, webhook-secret" };
    for (const secret of ["new-secret", "webhook-secret"]) {
      expect((await deliverSigned(body, { secret, env })).status).toBe(202);
    }
    for (const secret of ["new-secret, webhook-secret", "new", ","]) {
      expect((await deliverSigned(body, { secret, env })).status).toBe(401);
    }
  });

  it("[§7] is never right where no secret is configured", async () => {
    for (const secret of [undefined, "", " ,, "]) {
      const env = { DECNET_WEBHOOK_SECRET: secret };
      for (const guess of ["undefined", " ", ",", SECRET]) {
        expect((await deliverSigned(body, { secret: guess, env })).status).toBe(401);
      }
    }
  });

  it("[§7] is not made up for by a token", async () => {
    expect((await deliverWith(null, body, { token: "admin-token" })).status).toBe(401);
  });
});

describe("[§7] a delivery", () => {
  it("[§7] is applied once, however often it comes and whatever its own id", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const observed = (n: number) =>
      payload({ attacker_uuid: attackerUuid, id: `o${n}`, evidence_ref: null, ts: 1_714_000_000 + n });
    for (const n of [1, 2, 1, 2, 3]) {
      const response = await deliverSigned(delivery(observed(n)));
      expect([response.status, await response.json()]).toEqual([
        202,
        { accepted: 1, ignored: 0, rejected: [] },
      ]);
    }
    const published = await waitForSeq(identityUuid, 3);
    expect(published.map(({ type }) => type)).toEqual([
      "formed",
      "profile.state_changed",
      "profile.state_changed",
    ]);
    expect(await statesOf(identityUuid)).toMatchObject([{ state: "stable", observationCount: 3 }]);
  });

  it.each([
    ["a number", 1_714_003_200.25, 1_714_003_200.25],
    ["ISO text with Z", "2024-04-25T00:00:00.250Z", 1_714_003_200.25],
    ["ISO text with an offset", "2024-04-25T02:00:00.250+02:00", 1_714_003_200.25],
    ["Python's ISO text, to the microsecond", "2024-04-25T00:00:00.250001+00:00", 1_714_003_200.250_001],
    ["ISO text without a zone, which is UTC", "2024-04-25T00:00:00.250", 1_714_003_200.25],
  ])("[§7] may say its time as %s", async (_, ts, epoch) => {
    const attackerUuid = crypto.randomUUID();
    const observed = payload({ attacker_uuid: attackerUuid });
    const event = delivery({ ...observed, ts, window: { start_ts: ts, end_ts: ts } }, { ts });
    expect((await deliverSigned(event)).status).toBe(202);
    const identityUuid = stubIdentityUuid(attackerUuid);
    await waitForSeq(identityUuid, 2);
    expect(await statesOf(identityUuid)).toMatchObject([{ lastObservationTs: epoch }]);
  });

  it("[§7] may be flat in its window, a bare payload, or several events", async () => {
    const at = "2024-04-25T00:00:00Z";
    const flat = { ...payload({ window: undefined, window_start_ts: at, window_end_ts: at }), ts: at };
    for (const [body, accepted] of [
      [delivery(flat), 1],
      [flat, 1],
      [{ events: [delivery(flat), { ...payload(), ts: at }] }, 2],
    ] as const) {
      expect(await (await deliverSigned(body)).json()).toEqual({ accepted, ignored: 0, rejected: [] });
    }
  });

  it("[§7] takes its primitive from the topic where the payload names none, less the shell", async () => {
    const attackerUuid = crypto.randomUUID();
    const observed = payload({ attacker_uuid: attackerUuid, primitive: undefined });
    const topic = "attacker.observation.shell.motor.input_modality";
    expect((await deliverSigned(delivery(observed, { topic }))).status).toBe(202);
    await waitForSeq(stubIdentityUuid(attackerUuid), 2);
    expect(await statesOf(stubIdentityUuid(attackerUuid))).toMatchObject([
      { primitive: "motor.input_modality" },
    ]);
  });

  it.each([
    ["of another topic", delivery({ ip: "192.0.2.1" }, { topic: "attacker.observed" })],
    ["of a topic of the same beginning", delivery({}, { topic: "attacker.observations" })],
    ["that tests the webhook", delivery({}, { topic: "system.webhook.test" })],
    ["of another topic, without a payload", { topic: "decky.1.state", v: 1 }],
    ["of another topic and version", delivery({}, { topic: "attacker.scored", v: 2 })],
  ])("[§7] %s is acknowledged and ignored", async (_, event) => {
    const response = await deliverSigned(event);
    expect([response.status, await response.json()]).toEqual([
      202,
      { accepted: 0, ignored: 1, rejected: [] },
    ]);
  });

  it.each<[string, unknown, string, string]>([
    ["that is no JSON", "{", "malformed_json", "body"],
    ["that is no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "malformed_json", "body"],
    ["that is empty", "", "malformed_json", "body"],
    ["that is a list", [delivery(payload())], "malformed_json", "body"],
    ["of another version", delivery(payload(), { v: 2 }), "unsupported_version", "v"],
    ["without a payload", { topic: "attacker.observation.motor.x" }, "missing_field", "id"],
    ["whose time is none", delivery({ ...payload(), ts: "yesterday" }), "invalid_field", "ts"],
    ["whose time is no day", delivery({ ...payload(), ts: "2024-02-30T00:00:00Z" }), "invalid_field", "ts"],
    ["without a time", delivery(payload({ ts: undefined })), "missing_field", "ts"],
    ["whose value is null", delivery(payload({ value: null })), "invalid_field", "value"],
  ])("[§7] %s is 422 and named", async (_, body, code, field) => {
    const problem = await readProblem(await deliverSigned(body));
    expect(problem).toMatchObject({
      status: 422,
      code: "all_refused",
      rejected: [{ index: 0, code, field, detail: expect.any(String) }],
    });
  });

  it("[§7] over 1 MiB is 413, and one that the queue will not take is 503, which DECNET sends again", async () => {
    const large = await deliverSigned(" ".repeat(1024 * 1024 + 1));
    expect(await readProblem(large)).toMatchObject({ status: 413, code: "too_large" });
    const disabled = { sendBatch: () => Promise.reject(new Error("Queue disabled (10252)")) };
    const refused = await deliverSigned(delivery(payload()), { env: { OBSERVATION_QUEUE: disabled } });
    expect(await readProblem(refused)).toMatchObject({ status: 503, code: "queue_unavailable" });
  });
});
