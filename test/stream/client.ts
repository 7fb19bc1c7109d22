/** A client of Server-Sent Events: reads a response as it comes, and keeps what it got. */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { vi } from "vitest";

/** How long a test waits for what must come. */
export const PATIENCE = { timeout: 20_000, interval: 5 };

export class StreamClient {
  readonly messages: EventSourceMessage[] = [];
  readonly comments: string[] = [];
  retryMs: number | null = null;
  hasEnded = false;
  #isClosing = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    const type = response.headers.get("content-type");
    if (response.status !== 200 || type !== "text/event-stream" || !response.body) {
      throw new Error(`a stream was expected, status ${response.status} with ${type} came`);
    }
    this.#reader = response.body.getReader();
    void this.#read().catch((error: unknown) => {
      if (!this.#isClosing) throw error;
    });
  }

  /** Names of what came, in order. */
  get names(): string[] {
    return this.messages.map(({ event }) => event ?? "");
  }

  /** Data of the messages with an id but the first, all of them published events. */
  get published(): { id: string; seq: number; type: string; payload: Record<string, unknown> }[] {
    return this.messages.flatMap(({ event, id, data }) =>
      id !== undefined && event !== "snapshot" ? [JSON.parse(data)] : [],
    );
  }

  /** Data of the messages with a name. */
  named(name: string): Record<string, unknown>[] {
    return this.messages.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));
  }

  /** What a client that goes now comes back with. */
  get lastEventId(): string {
    return this.messages.findLast(({ id }) => id !== undefined)?.id ?? "";
  }

  /** Waits until something is so. */
  async until(check: (client: this) => void): Promise<void> {
    await vi.waitFor(() => check(this), PATIENCE);
  }

  /** Waits for a number of published events. */
  untilPublished(count: number): Promise<void> {
    return this.until(({ published: { length } }) => {
      if (length < count) throw new Error(`${count} published events were expected, ${length} came`);
    });
  }

  /** Goes away. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#reader.cancel();
  }

  async #read(): Promise<void> {
    const parser = createParser({
      onEvent: (message) => this.messages.push(message),
      onComment: (comment) => this.comments.push(comment),
      onRetry: (ms) => {
        this.retryMs = ms;
      },
    });
    const decoder = new TextDecoder();
    for (let part = await this.#reader.read(); !part.done; part = await this.#reader.read()) {
      parser.feed(decoder.decode(part.value, { stream: true }));
    }
    this.hasEnded = true;
  }
}
