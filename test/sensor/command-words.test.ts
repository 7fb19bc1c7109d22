/** The words of commands: salted hashes in order, never text. */
import { createHmac } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { localWordSecret } from "../../src/cli/replay/word-secret.ts";
import { createRegistry, parseMessage } from "../../src/core/index.ts";
import { isMasked, wordHashOf } from "../../src/sensor/command-words.ts";
import { CowrieSensor, TtySensor } from "../../src/sensor/index.ts";
import { commandSession, confidenceOf, messagesOf, recording, reduced, valuesOf } from "./messages.ts";

const WORDS = "cognitive.command_words";
const SECRET = "a secret of the test";

/** HMAC by another implementation. */
function hashOf(word: string, secret = SECRET): string {
  return createHmac("sha256", secret).update(word).digest("hex").slice(0, 16);
}

const session = (words: readonly string[]) => commandSession(words.map((word, i) => [i, word] as const));
const cowrie = (lines: readonly unknown[], secret: string | null = SECRET) =>
  messagesOf(new CowrieSensor(new Map(), secret), lines)[0];
const tty = (lines: readonly unknown[], secret: string | null = SECRET) =>
  messagesOf(new TtySensor(secret), lines)[0];

describe("[evidence: bag] the words of a log", () => {
  it("are the first 64 bits of HMAC-SHA256 of each first word, in order, repeats included", () => {
    const message = cowrie(session(["uname", "cat", "uname"]));
    expect(valuesOf(message)[WORDS]).toEqual(["uname", "cat", "uname"].map((word) => hashOf(word)));
    expect(confidenceOf(message, WORDS)).toBe(1);
    expect(message?.events.find(({ primitive }) => primitive === WORDS)?.evidence_ref).toMatch(/#commands$/);
  });

  it.each([[null], [""]])("are not sent with the secret %j", (secret) => {
    expect(valuesOf(cowrie(session(["uname"]), secret))).not.toHaveProperty(WORDS);
    expect(valuesOf(tty(recording([[1, "wget x\n"]]), secret))).not.toHaveProperty(WORDS);
  });

  it("are not sent of a session without commands, or with empty lines only", () => {
    expect(valuesOf(cowrie([reduced(0, "session.connect")]))).not.toHaveProperty(WORDS);
    expect(valuesOf(cowrie(session([""])))).not.toHaveProperty(WORDS);
  });

  it("count what is no plain word as one word, and leave out empty lines", () => {
    const lines = [
      reduced(4, "command.input", { tok: "a", len: 1 }),
      reduced(5, "command.input", { tok: "", len: 0 }),
      reduced(6, "command.input", { tok: "", len: 9 }),
      reduced(7, "command.input", { tok: "?", len: 9 }),
    ];
    expect(valuesOf(cowrie(lines))[WORDS]).toEqual([hashOf("a"), hashOf("?"), hashOf("?")]);
  });

  it("are the same bytes for the same log and secret, and others for another secret", () => {
    const lines = session(["uname", "cat", "ls"]);
    const once = JSON.stringify(cowrie(lines));
    expect(JSON.stringify(cowrie(lines))).toBe(once);
    const other = valuesOf(cowrie(lines, "another"))[WORDS];
    expect(other).toEqual(["uname", "cat", "ls"].map((word) => hashOf(word, "another")));
    expect(other).not.toEqual(valuesOf(cowrie(lines))[WORDS]);
  });

  it("leave no plain word in a message", () => {
    const words = ["wget", "hunter2", "busybox", "lockr"];
    const sent = JSON.stringify([
      cowrie(session(words)),
      tty(recording(words.map((word, i) => [i + 1, `${word} now\n`]))),
    ]);
    for (const word of words) expect(sent).not.toContain(word);
    expect(sent).toContain(hashOf("wget"));
  });

  it("are the first 215 of a session of thousands, which fit into a value, and the observation is taken", () => {
    const message = cowrie(session(Array.from({ length: 5_000 }, (_, i) => `w${i}`)));
    const value = valuesOf(message)[WORDS];
    expect(value).toEqual(Array.from({ length: 215 }, (_, i) => hashOf(`w${i}`)));
    expect(JSON.stringify(value).length).toBe(4_086);
    expect(JSON.stringify([value, hashOf("x")].flat()).length).toBeGreaterThan(4_096);
    const context = { receivedTs: 1_900_000_000, registry: createRegistry() };
    const verdicts = [...parseMessage({ events: message?.events }, context)];
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(verdicts.map(() => "observation"));
  });
});

describe("[evidence: bag] the words of a terminal recording", () => {
  it("are those of its lines", () => {
    const lines = recording([
      [1, "/bin/wget http://x\n"],
      [5, "  ls -l | cat\n"],
      [9, "\n"],
    ]);
    expect(valuesOf(tty(lines))[WORDS]).toEqual([hashOf("wget"), hashOf("ls")]);
  });

  it("are not sent where the letters are masked", () => {
    const masked = recording([
      [1, "aaaaa 000 .aaa.aaaaaa\n"],
      [5, "aa .a\n"],
    ]);
    expect(valuesOf(tty(masked))).not.toHaveProperty(WORDS);
  });

  it.each([
    [["aaa 00", "a.a"], true],
    [[], true],
    [["aaa", "ls"], false],
    [["A"], false],
    [["1"], false],
    [["é"], false],
  ])("%j is masked: %s", (texts, expected) => {
    expect(isMasked(texts)).toBe(expected);
  });
});

describe("[evidence: bag] the hash of words", () => {
  it("is the same for any number of words", () => {
    const hash = wordHashOf(SECRET);
    for (let i = 0; i < 25_000; i++) hash?.(`w${i}`);
    expect([hash?.("w0"), hash?.("w24999"), hash?.("é")]).toEqual([
      hashOf("w0"),
      hashOf("w24999"),
      hashOf("é"),
    ]);
  });
});

describe("[evidence: bag] the secret of a local Worker", () => {
  const directory = mkdtempSync(join(tmpdir(), "word-secret-"));
  writeFileSync(join(directory, ".dev.vars"), '# a comment\nWORD_SECRET="dev-word-secret"\n');

  it.each([
    ["http://localhost:8787", "dev-word-secret"],
    ["http://127.0.0.1:8787", "dev-word-secret"],
    ["http://[::1]:8787", "dev-word-secret"],
    ["https://attribution.example.workers.dev", null],
  ])("is read from .dev.vars for %s: %s", (url, expected) => {
    expect(localWordSecret(url, directory)).toBe(expected);
  });

  it("is null without the file or the variable", () => {
    expect(localWordSecret("http://localhost:8787", join(directory, "none"))).toBeNull();
    const other = mkdtempSync(join(tmpdir(), "word-secret-"));
    writeFileSync(join(other, ".dev.vars"), "READ_TOKENS=x\n");
    expect(localWordSecret("http://localhost:8787", other)).toBeNull();
  });
});
