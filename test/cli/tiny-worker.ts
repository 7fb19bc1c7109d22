/**
 * A small HTTP server for the tests of the commands: it accepts what they send, stores it, and answers as the contract
 * defines. The test sets what it refuses and where it fails.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";

const sentSchema = z.array(
  z.looseObject({
    id: z.string().optional(),
    attacker_uuid: z.string().optional(),
    primitive: z.string().optional(),
    evidence_ref: z.string().optional(),
    ts: z.number().optional(),
  }),
);
export type SentEvent = z.infer<typeof sentSchema>[number];

export interface TinyWorker {
  readonly url: string;
  /** Requests in order of arrival, e.g. `PUT /api/v1/attackers/…`. */
  readonly requests: string[];
  /** Events of each `POST /observations` that was answered. */
  readonly posts: SentEvent[][];
  readonly attackers: Map<string, unknown>;
  /** Answers to give instead, in this order. */
  readonly failures: {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly drop?: boolean;
  }[];
  /** Which events to refuse. */
  refuse: (event: SentEvent) => { code: string; field: string; detail: string } | null;
  stats: (stored: number) => Record<string, unknown>;
  states: (attackerUuid: string) => Record<string, unknown>[];
  close(): Promise<void>;
}

/** Totals of a Worker at rest. */
const TOTALS = {
  attackers: 0,
  identities: 0,
  states: { unknown: 0, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 },
  evidence: null,
  deferred: 0,
  dead_letters: {},
  unpublishable: 0,
  outbox: { pending: 0, oldest_ts: null },
  queue: { backlog: 0, oldest_ts: null },
  unlisted_values: 0,
  ignored: 0,
  events: 0,
};

export async function startTinyWorker(): Promise<TinyWorker> {
  const stored = new Set<string>();
  const worker: TinyWorker = {
    url: "",
    requests: [],
    posts: [],
    attackers: new Map(),
    failures: [],
    refuse: () => null,
    stats: (observations) => ({
      observations,
      attackers: worker.attackers.size,
      identities: worker.attackers.size,
      states: { stable: 3, drifting: 1, unknown: 0, conflicted: 0, multi_actor: 0 },
    }),
    states: () => [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server: Server = createServer((request, response) => {
    void answer(worker, stored, request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on no port");
  return Object.assign(worker, { url: `http://127.0.0.1:${address.port}` });
}

async function answer(
  worker: TinyWorker,
  stored: Set<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? "";
  worker.requests.push(`${request.method} ${path}`);
  const written = await text(request);
  const body: unknown = written === "" ? null : JSON.parse(written);
  const send = (status: number, value: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
  const failure = worker.failures.shift();
  if (failure?.drop) return void request.socket.destroy();
  const refuse = (status: number, code: string, detail: string, more: Record<string, unknown> = {}) =>
    send(status, { type: "about:blank", title: code, status, code, detail, ...more }, failure?.headers);
  if (failure) return refuse(failure.status, "try_later", "not now");
  const scope = request.method === "GET" ? "read" : "ingest";
  if (request.headers.authorization !== `Bearer dev-${scope}-token`)
    return refuse(401, "unauthorized", "no such token");
  if (path === "/api/v1/stats") return send(200, { ...TOTALS, ...worker.stats(stored.size) });
  const [, uuid = "", rest] = /^\/api\/v1\/attackers\/([^/]+)(\/attribution)?$/.exec(path) ?? [];
  if (request.method === "PUT") {
    worker.attackers.set(uuid, body);
    return send(201, {});
  }
  if (rest !== undefined) {
    if (!worker.attackers.has(uuid)) return refuse(404, "not_found", "no such attacker");
    return send(200, {
      identity_uuid: `identity-of-${uuid}`,
      policy: "pol_0123456789abcdef",
      primitives: worker.states(uuid),
    });
  }
  if (path !== "/api/v1/observations") return refuse(404, "not_found", path);
  const events = sentSchema.parse(body);
  worker.posts.push(events);
  const rejected = events.flatMap((event, index) => {
    const refusal = worker.refuse(event);
    if (!refusal) stored.add(`${event.attacker_uuid} ${event.primitive} ${event.evidence_ref}`);
    return refusal ? [{ index, ...refusal }] : [];
  });
  if (rejected.length === events.length)
    return refuse(422, "all_refused", "every event was refused", { rejected });
  send(202, { accepted: events.length - rejected.length, ignored: 0, rejected });
}
