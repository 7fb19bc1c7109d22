/**
 * A log file as a stream of lines, plain or gzip by its first bytes, whatever it is called.
 */
import { createReadStream, type ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

/** One line and where it stands. */
export interface LogLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** How far a file has been read. */
export interface ReadProgress {
  /** Bytes of the file (compressed, if it is) read so far. */
  bytesRead: number;
}

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** Reads a file line by line; empty lines are counted and left out.
 * @param progress - brought up to date while reading
 * @throws Error naming the file, if it cannot be read or its gzip is damaged
 */
export async function* readLines(
  file: string,
  progress: ReadProgress = { bytesRead: 0 },
): AsyncGenerator<LogLine> {
  const isGzip = (await firstBytes(file)).equals(GZIP_MAGIC);
  const input = createReadStream(file);
  let failure: Error | null = null;
  // Without its own listener a failing input would leave the reader waiting for ever.
  const end = (error: NodeJS.ErrnoException | null | undefined) => {
    if (!error || error.code === "ERR_STREAM_PREMATURE_CLOSE") return;
    failure = error;
    lines.close();
  };
  const source = isGzip ? pipeline(input, createGunzip(), end) : input.on("error", end);
  const lines = createInterface({ input: source, crlfDelay: Infinity });
  let number = 0;
  try {
    for await (const text of lines) {
      number += 1;
      progress.bytesRead = input.bytesRead;
      if (text.trim() !== "") yield { number, text };
    }
    progress.bytesRead = input.bytesRead;
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    lines.close();
    release(input);
  }
  if (failure !== null) throw unreadable(file, failure);
}

function release(input: ReadStream): void {
  if (!input.destroyed) input.destroy();
}

async function firstBytes(file: string): Promise<Buffer> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(GZIP_MAGIC.length),
        0,
        GZIP_MAGIC.length,
        0,
      );
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): Error {
  return new Error(`cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}
