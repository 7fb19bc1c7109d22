/**
 * Faulty uploads over a real connection: above a limit, or ended early by the sender. The answer is a problem document or a
 * closed connection, and nothing of the upload is accepted.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Running, start } from "./running.ts";

const TOKEN = "uploads-token";
/** Longer than any answer takes. An upload that is neither answered nor closed by then hangs. */
const HANGS_AFTER_MS = 30_000;

let directory = "";
let port = 0;
let running: Running | null = null;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "uploads-test-"));
  port = await getPort({ host: "127.0.0.1" });
  running = start("src/cli/dev.ts", [
    "--port",
    String(port),
    "--ip=127.0.0.1",
    "--inspector-port=0",
    `--persist-to=${directory}`,
    `--var=ADMIN_TOKENS:${TOKEN}`,
  ]);
  await running.until(/Ready on/);
}, 120_000);

afterAll(async () => {
  running?.destroy();
  await rm(directory, { recursive: true, force: true });
});

const ask = (method: string, path: string, body?: string) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body === undefined ? {} : { body }),
  });

interface Upload {
  /** Further header lines. */
  readonly headers: readonly string[];
  /** The body, in pieces. */
  readonly pieces: Iterable<string | Uint8Array>;
  /** How the sender ends: not at all, by closing its side, or by closing the connection. */
  readonly ending: "waits" | "ends" | "goes away";
}

/** Sends an upload over a separate connection. Returns the answer until the connection was closed. */
function upload({ headers, pieces, ending }: Upload): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    const hangs = setTimeout(() => {
      socket.destroy();
      reject(new Error(`neither answered nor closed; so far: ${answer}`));
    }, HANGS_AFTER_MS);
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      answer += text;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(hangs);
      resolve(answer);
    });
    const sendPieces = async (): Promise<void> => {
      const head = [
        "POST /api/v1/observations HTTP/1.1",
        `Host: 127.0.0.1:${port}`,
        `Authorization: Bearer ${TOKEN}`,
        "Connection: close",
        ...headers,
      ];
      socket.write(`${head.join("\r\n")}\r\n\r\n`);
      for (const piece of pieces) {
        if (socket.destroyed) break;
        await new Promise((next) => socket.write(piece, next));
      }
      if (ending === "ends") socket.end();
      if (ending === "goes away") socket.destroy();
    };
    socket.on("connect", () => void sendPieces());
  });
}

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const blank = chunk(" ".repeat(64 * 1024));

function* repeat(piece: string, times: number): Generator<string> {
  for (let i = 0; i < times; i++) yield piece;
}

function event(id: string): string {
  const window = { start_ts: 1, end_ts: 2 };
  const observed = { id, attacker_uuid: crypto.randomUUID(), primitive: "motor.x", value: 1, confidence: 1 };
  return `${JSON.stringify({ ...observed, window, source: "uploads", ts: 1_714_000_000 })}\n`;
}

async function observations(): Promise<unknown> {
  const stats: unknown = await (await ask("GET", "/api/v1/stats")).json();
  return typeof stats === "object" && stats !== null && "observations" in stats ? stats.observations : null;
}

describe("[§7] an upload over the limit", () => {
  it("[§7] with a Content-Length is answered", async () => {
    const answer = await ask("POST", "/api/v1/observations", " ".repeat(10_000_000));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: "too_large" });
  });

  it("[§7] without a Content-Length is answered when the limit is exceeded", async () => {
    const pieces = [...repeat(blank, 140), chunk("x"), "0\r\n\r\n"];
    const answer = await upload({ headers: ["Transfer-Encoding: chunked"], pieces, ending: "waits" });
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*"code":"too_large"/s);
  });

  it("[§7] without an end is answered or closed", async () => {
    const endless = repeat(blank, 16 * 1024);
    const answer = await upload({
      headers: ["Transfer-Encoding: chunked"],
      pieces: endless,
      ending: "goes away",
    });
    expect(answer).toMatch(/^(HTTP\/1\.1 413 .*)?$/s);
  });
});

describe("[§7] an incomplete upload", () => {
  it.each([
    ["before its announced length, by its end", ["Content-Length: 5000"], [event("cut-1")], "ends"],
    ["before its announced length, by going away", ["Content-Length: 5000"], [event("cut-2")], "goes away"],
    ["between two chunks", ["Transfer-Encoding: chunked"], [chunk(event("cut-3"))], "ends"],
    ["within a chunk", ["Transfer-Encoding: chunked"], [`ffff\r\n${event("cut-4")}`], "ends"],
    ["by what is no chunk", ["Transfer-Encoding: chunked"], [chunk(event("cut-5")), "zz\r\nzz\r\n"], "ends"],
  ] as const)("[§7] %s: the connection ends, nothing of it is kept", async (_, headers, pieces, ending) => {
    const answer = await upload({
      headers: [...headers, "Content-Type: application/x-ndjson"],
      pieces,
      ending,
    });
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
  });

  it("[§7] afterwards the next upload is accepted, and only its events are stored", async () => {
    expect((await ask("GET", "/health")).status).toBe(200);
    expect((await ask("POST", "/api/v1/observations", event("whole"))).status).toBe(202);
    // The queue is in order, so earlier events would have been stored before.
    await expect.poll(observations, { timeout: 30_000, interval: 100 }).toBe(1);
  });
});
