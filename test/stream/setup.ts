/** What the stream tests share: fresh identities, streams with limits of their own, a look at an object's sockets. */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import type { IdentityObject } from "../../src/identity/index.ts";
import { firstShard } from "../../src/shard.ts";
import { readHistory } from "../../src/storage/index.ts";
import {
  followEverything,
  followIdentity,
  type StreamEnd,
  type StreamLimits,
  streamResponse,
  type StreamSource,
} from "../../src/stream/index.ts";
import { StreamClient } from "./client.ts";

/** So long that no test lives to see it: what arrives meanwhile arrived by a poke. */
export const NEVER_MS = 600_000;

/** An attacker nobody has seen, and the identity it will have. */
export function fresh() {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

/** Opens a stream as anybody would. */
export function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const request = new Request(`https://x/api/v1${path}`, {
    headers: { authorization: "Bearer read-token", ...headers },
  });
  return exports.default.fetch(request);
}

export async function open(path: string, headers: Record<string, string> = {}): Promise<StreamClient> {
  return new StreamClient(await get(path, headers));
}

/** A stream of an identity with other limits than the standard ones. */
export async function identitySource(
  uuid: string,
  from: number | null = null,
  kind: "identity" | "attacker" = "identity",
): Promise<StreamSource> {
  const source = await followIdentity(env, firstShard(env), { kind, uuid }, from, (identityUuid) =>
    Promise.resolve({ identity_uuid: identityUuid }),
  );
  if (!source) throw new Error(`${kind} ${uuid} must be known`);
  return source;
}

export const everythingSource = (from: number | null = null) =>
  followEverything(env, from === null ? null : String(from));

/** A response of a source, and how it ended. */
export function streamed(
  source: StreamSource,
  limits: Partial<StreamLimits> = {},
  expiresTs: number | null = null,
) {
  const { promise: end, resolve } = Promise.withResolvers<StreamEnd>();
  return { response: streamResponse(source, { limits, expiresTs, onEnd: resolve }), end };
}

/** WebSockets that an object has open. */
export function socketsOf(stub: DurableObjectStub<IdentityObject>): Promise<number> {
  return runInDurableObject(stub, (_, state) => state.getWebSockets().length);
}

/** The history of an identity, once it has that many events. */
export async function historyOf(identityUuid: string, count: number) {
  await vi.waitFor(
    async () => expect(await readHistory(env.DB, identityUuid, 0, 1_000)).toHaveLength(count),
    { timeout: 20_000, interval: 20 },
  );
  const history = await readHistory(env.DB, identityUuid, 0, 1_000);
  return history.map(({ event }) => JSON.parse(event) as { id: string; seq: number; type: string });
}

/** The identity's events among what a client got, in order. */
export const idsOf = (client: StreamClient, identityUuid: string) =>
  client.published.filter(({ payload }) => payload["identity_uuid"] === identityUuid).map(({ id }) => id);
