/** The inbound queue of a history: its messages, and their delivery to the real consumer. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import worker from "../../src/worker.ts";
import { invoke } from "./invocation.ts";
import { MAX_DELIVERIES } from "./plan.ts";

const QUEUE = "attacker-observations";

/** A message as the queue holds it. */
interface Queued {
  readonly id: string;
  readonly body: unknown;
  /** Deliveries so far. */
  attempts: number;
  isAcked: boolean;
}

export class InboundQueue {
  readonly #messages: Queued[] = [];
  readonly #variables: Readonly<Record<string, string>>;
  readonly #problems: string[];

  /**
   * @param variables - replace those of the environment that the consumer gets
   * @param problems - takes what the consumer does wrong, in words
   */
  constructor(variables: Readonly<Record<string, string>>, problems: string[]) {
    this.#variables = variables;
    this.#problems = problems;
  }

  /** Adds messages, which are numbered from 0 in the order of their coming. */
  add(bodies: readonly unknown[]): void {
    for (const body of bodies) {
      this.#messages.push({ id: `m${this.#messages.length}`, body, attempts: 0, isAcked: false });
    }
  }

  /** The numbers of the messages that are not acknowledged yet. */
  waiting(): number[] {
    return this.#messages.flatMap(({ isAcked }, i) => (isAcked ? [] : [i]));
  }

  /** Delivers messages by their numbers: one batch of each queue that they are on. */
  async deliver(numbers: readonly number[]): Promise<void> {
    const messages = numbers.flatMap((i) => this.#messages[i % this.#messages.length] ?? []);
    const isDead = ({ attempts }: Queued) => attempts >= MAX_DELIVERIES;
    await this.#deliverFrom(
      QUEUE,
      messages.filter((message) => !isDead(message)),
    );
    await this.#deliverFrom(`${QUEUE}-dead-letters`, messages.filter(isDead));
  }

  async #deliverFrom(queue: string, messages: readonly Queued[]): Promise<void> {
    if (messages.length === 0) return;
    const batch = createMessageBatch(
      queue,
      messages.map(({ id, body, attempts }) => ({ id, body, attempts: attempts + 1, timestamp: new Date() })),
    );
    const result = await invoke(`queue ${queue}`, this.#variables, async (bindings) => {
      await worker.queue(batch, bindings);
      return getQueueResult(batch, createExecutionContext());
    });
    for (const message of messages) message.attempts++;
    if (result === null) return;
    const acked = new Set(result.explicitAcks);
    for (const message of messages) if (acked.has(message.id)) message.isAcked = true;
    const told = new Set([...acked, ...result.retryMessages.map(({ msgId }) => msgId)]);
    const untold = messages.filter(({ id }) => !told.has(id));
    if (untold.length > 0) this.#problems.push(`no verdict on ${untold.map(({ id }) => id).join(", ")}`);
  }
}
