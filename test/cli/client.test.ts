import { afterEach, beforeEach, expect, it } from "vitest";
import { AttributionClient, ClientError } from "../../src/cli/client.ts";
import { startTinyWorker, type TinyWorker } from "./tiny-worker.ts";

let worker: TinyWorker;
beforeEach(async () => {
  worker = await startTinyWorker();
});
afterEach(() => worker.close());

function clientOf(
  overrides: Partial<ConstructorParameters<typeof AttributionClient>[0]> = {},
): AttributionClient {
  return new AttributionClient({
    url: `${worker.url}/`,
    ingestToken: "dev-ingest-token",
    readToken: "dev-read-token",
    retryLimit: 3,
    retryMaxDelayMs: 5,
    ...overrides,
  });
}

const event = (id: string) => ({ id, attacker_uuid: "a", primitive: "x.y", evidence_ref: id, ts: 1 });

it.each([429, 500, 502, 503, 504])(
  "[client] %d is tried again, and the same events arrive",
  async (status) => {
    worker.failures.push({ status }, { status });
    const notes: string[] = [];
    const result = await clientOf({ onRetry: (note) => notes.push(note) }).sendEvents([
      event("1"),
      event("2"),
    ]);
    expect(result).toEqual({ accepted: 2, ignored: 0, rejected: [] });
    expect(worker.posts).toEqual([[event("1"), event("2")]]);
    expect(worker.requests).toHaveLength(3);
    expect(notes).toEqual([
      `${worker.url}: HTTP ${status}; retry 1 of 3`,
      `${worker.url}: HTTP ${status}; retry 2 of 3`,
    ]);
  },
);

it("[client] a broken connection is retried", async () => {
  worker.failures.push({ status: 0, drop: true });
  expect(await clientOf().sendEvents([event("1")])).toEqual({ accepted: 1, ignored: 0, rejected: [] });
  expect(worker.requests).toHaveLength(2);
});

it("[client] Retry-After is obeyed", async () => {
  worker.failures.push({ status: 429, headers: { "retry-after": "1" } });
  const beginMs = Date.now();
  await clientOf().registerAttacker("u", { ip: "192.0.2.1" });
  expect(Date.now() - beginMs).toBeGreaterThanOrEqual(950);
});

it("[client] retries end, and the error names status, code and what the server said", async () => {
  for (let each = 0; each < 9; each += 1) worker.failures.push({ status: 503 });
  const error = await clientOf()
    .sendEvents([event("1")])
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ClientError);
  expect(error).toMatchObject({ status: 503, code: "try_later" });
  expect(String(error)).toContain("POST /api/v1/observations: HTTP 503 (try_later): not now");
  expect(worker.requests).toHaveLength(4);
});

it("[client] a wrong token is an error at once, without a retry", async () => {
  const error = await clientOf({ readToken: "wrong" })
    .stats()
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ status: 401, code: "unauthorized" });
  expect(worker.requests).toHaveLength(1);
});

it("[client] refused events are an answer, also when every one was refused", async () => {
  worker.refuse = ({ id }) =>
    id === "bad" ? { code: "invalid_field", field: "ts", detail: "ts must be above 0" } : null;
  const rejected = [{ index: 1, code: "invalid_field", field: "ts", detail: "ts must be above 0" }];
  expect(await clientOf().sendEvents([event("1"), event("bad")])).toEqual({
    accepted: 1,
    ignored: 0,
    rejected,
  });
  expect(await clientOf().sendEvents([event("bad")])).toEqual({
    accepted: 0,
    rejected: [{ ...rejected[0], index: 0 }],
  });
});

it("[client] the states of an unknown attacker are null", async () => {
  expect(await clientOf().attribution("nobody")).toBeNull();
});

it("[client] an answer with another schema is an error that names it", async () => {
  worker.stats = () => ({ ...base, observations: "many" });
  await expect(clientOf().stats()).rejects.toThrow(
    /GET \/stats answered something else than promised.*observations/s,
  );
});

it("[client] a Worker that does not run is an error that says what to do", async () => {
  const client = new AttributionClient({
    url: "http://127.0.0.1:9",
    ingestToken: "i",
    readToken: "r",
    retryLimit: 0,
  });
  await expect(client.stats()).rejects.toThrow(/no answer from http:\/\/127\.0\.0\.1:9: .*npm run dev/);
});

it("[client] waiting ends when backlog and outbox are empty and no counter changes", async () => {
  const looks = [
    { observations: 1, pending: 0, backlog: 4 },
    { observations: 5, pending: 7, backlog: 0 },
    { observations: 5, pending: 0, backlog: 0 },
  ];
  let look = 0;
  worker.stats = () => {
    const { observations, pending, backlog } = looks[Math.min(look, 2)] ?? {
      observations: 0,
      pending: 0,
      backlog: 0,
    };
    look += 1;
    return {
      ...base,
      observations,
      outbox: { pending, oldest_ts: null },
      queue: { backlog, oldest_ts: null },
    };
  };
  const result = await clientOf().waitUntilApplied({
    expectedObservations: 5,
    pollMs: 1,
    settledMs: 20,
    quietMs: 1e6,
  });
  expect(result).toMatchObject({ applied: true, stats: { observations: 5 } });
  expect(look).toBeGreaterThan(3);
});

it("[client] waiting ends even if the expected count is not reached, because rows were stored before", async () => {
  worker.stats = () => ({ ...base, observations: 5, outbox: { pending: 0, oldest_ts: null } });
  const result = await clientOf().waitUntilApplied({
    expectedObservations: 10,
    pollMs: 1,
    quietMs: 30,
    settledMs: 1,
  });
  expect(result.applied).toBe(true);
});

it("[client] a backlog without progress is reported as not applied", async () => {
  worker.stats = () => ({
    ...base,
    observations: 5,
    outbox: { pending: 3, oldest_ts: 1 },
    queue: { backlog: 2, oldest_ts: 1 },
  });
  const result = await clientOf().waitUntilApplied({ pollMs: 1, quietMs: 10, stuckMs: 30 });
  expect(result.applied).toBe(false);
  expect(result.message).toContain("3 events unpublished and 2 messages queued");
});

const base = { attackers: 1, identities: 1 };
