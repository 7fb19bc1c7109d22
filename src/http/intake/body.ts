/**
 * Reads request bodies while they arrive: counts their bytes, so that a limit holds whatever the headers say, and cuts
 * them into JSON values line by line, so that no more than a line of NDJSON is held as text. Leaves the meaning of the
 * values to others.
 */
import { ByteBuffer } from "./byte-buffer.ts";
import { CONTAINERS_LIMIT, hasTooManyContainers } from "./json-size.ts";
import { isBlank, LineReader, linesOf } from "./lines.ts";
import { ProblemError } from "../shared/problem.ts";

/** One JSON value of a body, or what stands in its place. */
export type BodyValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly found: string };

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
  const buffer = new ByteBuffer();
  for await (const chunk of readChunks(request, maxBytes)) buffer.append(chunk);
  return buffer.bytes();
}

/**
 * The JSON values of a body: one per line, or a single one, of which a list counts as its members. A line that is not
 * JSON in UTF-8 is answered in its place. If the first line is not JSON by itself, it may begin a value that takes
 * several lines: the rest is then read as a whole first, unless the content type says that the body consists of lines.
 * Values are made one at a time, so whoever stops early pays for no more than it took.
 */
export async function* readValues(request: Request, maxBytes: number): AsyncGenerator<BodyValue> {
  const isLines = LINES_TYPE.test(request.headers.get("content-type") ?? "");
  const chunks = readChunks(request, maxBytes);
  const lines = new LineReader(chunks);
  try {
    const first = await nextLine(lines);
    if (first === null) return;
    const value = parseBytes(first);
    if (!value.ok && !isLines) {
      yield* wholeOrLines(value, await lines.restFrom(first), first.length);
      return;
    }
    let line = await nextLine(lines);
    if (line === null) yield* members(value);
    else yield value;
    for (; line !== null; line = await nextLine(lines)) yield parseBytes(line);
  } finally {
    await chunks.return(undefined);
  }
}

/** The next line that is not blank, or null. */
async function nextLine(lines: LineReader): Promise<Uint8Array | null> {
  for (;;) {
    const line = await lines.next();
    if (line === null || !isBlank(line)) return line;
  }
}

async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | null> {
  try {
    const { done, value } = await reader.read();
    return done ? null : value;
  } catch {
    throw new ProblemError("body_incomplete", "The body ended before it was complete; nothing was taken.");
  }
}

/**
 * The value that a block of bytes holds, or else those of its lines.
 * @param first - what the first line is by itself
 * @param firstBytes - the length of the first line
 */
function* wholeOrLines(first: BodyValue, block: Uint8Array, firstBytes: number): Generator<BodyValue> {
  if (isBlank(block.subarray(firstBytes))) {
    yield first;
    return;
  }
  const whole = parseBytes(block);
  if (whole.ok) yield* members(whole);
  else for (const line of linesOf(block)) if (!isBlank(line)) yield parseBytes(line);
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
