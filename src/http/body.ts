/**
 * Reading request bodies while they arrive: counted, so that a limit holds whatever the headers say, and cut into JSON
 * values line by line, so that of NDJSON no more than a line is ever held as text. Says nothing about what the values
 * mean.
 */
import { CONTAINERS_LIMIT, hasTooManyContainers } from "./json-size.ts";
import { ProblemError } from "./problem.ts";

/** One JSON value of a body, or what stands in its place. */
export type BodyValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly found: string };

const NEWLINE = 0x0a;
const BREAK = Uint8Array.of(NEWLINE);
/** Types whose bodies are lines and nothing else. */
const LINES_TYPE = /^application\/(x-)?(ndjson|jsonl|jsonlines)\b/i;

/**
 * The bytes of a body, as they arrive. Whoever stops early ends the reading.
 * @throws ProblemError `too_large` as soon as more than `maxBytes` are announced or read, `body_incomplete` if the
 *   sender goes away, `unsupported_media_type` if the body is compressed
 */
export async function* readChunks(request: Request, maxBytes: number): AsyncGenerator<Uint8Array> {
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw new ProblemError("unsupported_media_type", "Send the body as it is, without a Content-Encoding.");
  }
  const tooLarge = () => new ProblemError("too_large", `The body must be at most ${maxBytes} bytes long.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  if (!request.body) return;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const chunk = await readChunk(reader);
      if (chunk === null) return;
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge();
      yield chunk;
    }
  } finally {
    // Nobody waits for it: a sender that is gone has nothing left to cancel.
    reader.cancel().catch(() => {});
  }
}

/** All bytes of a body; throws as `readChunks` does. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(request, maxBytes)) chunks.push(chunk);
  return concat(chunks);
}

/**
 * The JSON values of a body: one a line, or one alone, of which a list counts as its members. What is not JSON in UTF-8
 * is answered in its place. A first line that is not JSON by itself may open a value of several lines, so the rest is
 * then waited for, unless the type says that it is lines.
 */
export async function* readValues(request: Request, maxBytes: number): AsyncGenerator<BodyValue> {
  const isLines = LINES_TYPE.test(request.headers.get("content-type") ?? "");
  const lines = splitLines(readChunks(request, maxBytes));
  let only: BodyValue | null = null;
  let isFirst = true;
  for await (const line of lines) {
    if (isBlank(line)) continue;
    const value = parseBytes(line);
    if (isFirst) {
      if (!value.ok && !isLines) {
        yield* wholeOrLines(line, lines);
        return;
      }
      isFirst = false;
      only = value;
      continue;
    }
    if (only) yield only;
    only = null;
    yield value;
  }
  if (only) yield* members(only);
}

async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | null> {
  try {
    const { done, value } = await reader.read();
    return done ? null : value;
  } catch {
    throw new ProblemError("body_incomplete", "The body ended before it was complete; nothing was taken.");
  }
}

/** Lines without their ends, the last one too if anything is on it. */
async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let started: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      started.push(chunk.subarray(from, end));
      yield concat(started);
      started = [];
      from = end + 1;
    }
    if (from < chunk.length) started.push(chunk.subarray(from));
  }
  if (started.length > 0) yield concat(started);
}

async function* wholeOrLines(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<BodyValue> {
  const lines = [first];
  for await (const line of rest) if (!isBlank(line)) lines.push(line);
  const isOneLine = lines.length === 1;
  const whole = parseBytes(isOneLine ? first : concat(lines.flatMap((line) => [line, BREAK])));
  if (whole.ok) yield* members(whole);
  else if (isOneLine) yield whole;
  else for (const line of lines) yield parseBytes(line);
}

function* members(body: BodyValue): Generator<BodyValue> {
  if (body.ok && Array.isArray(body.value)) for (const value of body.value) yield { ok: true, value };
  else yield body;
}

/**
 * Bytes as a JSON value.
 * @throws ProblemError `too_large` for more lists and objects than fit into memory
 */
export function parseBytes(bytes: Uint8Array): BodyValue {
  if (hasTooManyContainers(bytes)) {
    throw new ProblemError("too_large", `The body must hold at most ${CONTAINERS_LIMIT} lists and objects.`);
  }
  let text: string;
  try {
    // Anything else than UTF-8 is refused, not replaced: replacing would fold different keys into one.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return { ok: false, found: "text that is not UTF-8" };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, found: "text that is not JSON" };
  }
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
