/** A stream as an HTTP response. */
import { SSEStreamingApi } from "hono/streaming";
import { STREAM_LIMITS, type StreamLimits } from "./limits.ts";
import { Reader, type StreamEnd } from "./reader.ts";
import type { StreamSource } from "./source.ts";

/** Headers of every stream: caches must not store it, proxies must not buffer or compress it. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

export interface StreamOptions {
  readonly limits?: Partial<StreamLimits>;
  /** Epoch seconds at which the permission to read ends; null if it does not end. */
  readonly expiresTs?: number | null;
  /** Called once, when the stream has ended. */
  readonly onEnd?: (end: StreamEnd) => void;
}

/** Starts a stream; the response lasts until the client closes it or a limit ends it. */
export function streamResponse(source: StreamSource, options: StreamOptions = {}): Response {
  const { readable, writable } = new TransformStream();
  const sse = new SSEStreamingApi(writable, readable);
  const limits = { ...STREAM_LIMITS, ...options.limits };
  const expiresMs = (options.expiresTs ?? Number.POSITIVE_INFINITY) * 1_000;
  const reader = new Reader(source, sse, limits, Math.min(expiresMs, Date.now() + limits.lifetimeMs));
  void reader.run().then((end) => options.onEnd?.(end));
  return new Response(sse.responseReadable, { headers: STREAM_HEADERS });
}
