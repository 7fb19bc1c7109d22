/** Lines of a stream of bytes, one at a time: no list of lines is ever made. */
import { ByteBuffer } from "./byte-buffer.ts";

const NEWLINE = 0x0a;
const BREAK = Uint8Array.of(NEWLINE);

/** Reads a stream line by line, or from some line on as a whole. */
export class LineReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  /** What has come and was not given out yet, from `#at` on. */
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** The part of a line that came in earlier chunks. */
  readonly #started = new ByteBuffer();

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks;
  }

  /** The next line without its end, or null if there is none. A view, which holds until the next line is read. */
  async next(): Promise<Uint8Array | null> {
    this.#started.clear();
    for (;;) {
      const end = this.#chunk.indexOf(NEWLINE, this.#at);
      if (end !== -1) {
        const line = this.#chunk.subarray(this.#at, end);
        this.#at = end + 1;
        if (this.#started.length === 0) return line;
        this.#started.append(line);
        return this.#started.bytes();
      }
      this.#started.append(this.#chunk.subarray(this.#at));
      if (!(await this.#readChunk())) return this.#started.length > 0 ? this.#started.bytes() : null;
    }
  }

  /** A line and everything that comes behind it, as one block of bytes. */
  async restFrom(line: Uint8Array): Promise<Uint8Array> {
    const rest = new ByteBuffer();
    rest.append(line);
    rest.append(BREAK);
    do rest.append(this.#chunk.subarray(this.#at));
    while (await this.#readChunk());
    return rest.bytes();
  }

  async #readChunk(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    this.#chunk = done ? new Uint8Array(0) : value;
    this.#at = 0;
    return !done;
  }
}

/** The lines of a block of bytes, without their ends. */
export function* linesOf(block: Uint8Array): Generator<Uint8Array> {
  let from = 0;
  for (let end = block.indexOf(NEWLINE); end !== -1; end = block.indexOf(NEWLINE, from)) {
    yield block.subarray(from, end);
    from = end + 1;
  }
  if (from < block.length) yield block.subarray(from);
}

/** Whether a line, or a block of lines, holds nothing but white space. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE);
}
