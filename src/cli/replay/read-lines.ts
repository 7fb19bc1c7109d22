/**
 * Reads a log file line by line. The first bytes decide whether it is gzip; its name does not matter.
 */
import { createReadStream, type ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

/** A line and its number. */
export interface LogLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** Progress of reading a file. */
export interface ReadProgress {
  /** Bytes of the file read so far (of the compressed file, if it is gzip). */
  bytesRead: number;
}

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** Reads a file line by line. Empty lines count for the line number and are left out.
 * @param progress - updated while reading
 * @throws Error naming the file, if it cannot be read or its gzip is damaged
 */
export async function* readLines(
  file: string,
  progress: ReadProgress = { bytesRead: 0 },
): AsyncGenerator<LogLine> {
  const isGzip = (await firstBytes(file)).equals(GZIP_MAGIC);
  const input = createReadStream(file);
  let failure: Error | null = null;
  // Without this listener the reader would wait forever after a failure of the input.
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
