/** A steady load over the real queue: sends messages and measures how long each takes to be applied. */
import worker from "../worker.ts";
import { piecesOf } from "./batch.ts";
import type { BenchEnv } from "./env.ts";
import { quantile } from "./statistics.ts";
import { messagesOf, type Workload } from "./workload.ts";

/** Messages and bytes of one `sendBatch`; both are below the platform's limits. */
const SEND_MESSAGES = 100;
const SEND_BYTES = 200_000;

let lagsMs: number[] = [];
let events = 0;

/** Sends messages to the inbound queue. */
export async function send(workload: Workload, env: BenchEnv): Promise<void> {
  const bodies = messagesOf(workload);
  const bytes = JSON.stringify(bodies[0] ?? null).length;
  const atOnce = Math.max(1, Math.min(SEND_MESSAGES, Math.floor(SEND_BYTES / bytes)));
  for (const piece of piecesOf(bodies, atOnce)) {
    await env.OBSERVATION_QUEUE.sendBatch(piece.map((body) => ({ body, contentType: "json" })));
  }
}

/** The shipped consumers. Messages of the outbound queue are counted and dropped. */
export async function consume(batch: MessageBatch, env: BenchEnv): Promise<void> {
  if (batch.queue === "attribution-events") {
    events += batch.messages.length;
    return;
  }
  await worker.queue(batch, env);
  const nowMs = Date.now();
  for (const message of batch.messages) lagsMs.push(nowMs - message.timestamp.getTime());
}

/** Lag and counts of the messages since the last call. */
export async function takeLag(env: BenchEnv) {
  const [lags, sent] = [lagsMs, events];
  lagsMs = [];
  events = 0;
  const { backlogCount } = await env.OBSERVATION_QUEUE.metrics();
  return {
    messages: lags.length,
    median: lags.length > 0 ? quantile(lags, 0.5) : null,
    p99: lags.length > 0 ? quantile(lags, 0.99) : null,
    events: sent,
    backlog: backlogCount,
  };
}
