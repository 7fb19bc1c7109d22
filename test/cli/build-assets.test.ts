/** The served files: every file that a page names, and no other; only changed files are written. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collectAssets, writeAssets } from "../../src/cli/build-assets.ts";

describe("collectAssets", () => {
  it("has every file that a page names, and no page has inline code or style", async () => {
    const assets = await collectAssets();
    const pages = [...assets].filter(([path]) => path.endsWith(".html"));
    expect(pages.map(([path]) => path)).toContain("docs/index.html");
    for (const [path, content] of pages) {
      const html = Buffer.from(content).toString("utf8");
      const named = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1] ?? "");
      const missing = named.filter((name) => name !== "/openapi.json" && !assets.has(name.slice(1)));
      expect([path, missing]).toEqual([path, []]);
      expect(html).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)|https?:\/\//);
    }
  });

  it("no style sheet loads from another origin", async () => {
    for (const [path, content] of await collectAssets()) {
      if (!path.endsWith(".css")) continue;
      expect(Buffer.from(content).toString("utf8")).not.toMatch(/url\(\s*["']?(https?:|\/\/)|@import/);
    }
  });
});

function files(entries: Record<string, string>): Map<string, Buffer> {
  return new Map(Object.entries(entries).map(([path, text]) => [path, Buffer.from(text)]));
}

describe("writeAssets", () => {
  let directory = "";

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "build-assets-test-"));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const written = async () => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const texts = await Promise.all(names.map((name) => readFile(name, "utf8")));
    return Object.fromEntries(names.map((name, i) => [name.slice(directory.length + 1), texts[i]]));
  };

  it("the directory holds exactly the files afterwards", async () => {
    await mkdir(join(directory, "old"));
    await writeFile(join(directory, "old", "gone.js"), "x");
    await writeFile(join(directory, "kept.js"), "same");
    const wanted = { "kept.js": "same", "docs/a.js": "1", "docs/deep/b.css": "2" };
    const changed = await writeAssets(directory, files(wanted));
    expect(changed.toSorted()).toEqual(["docs/a.js", "docs/deep/b.css", "old/gone.js"]);
    expect(await written()).toEqual(wanted);
  });

  it("does not write files that are up to date", async () => {
    const wanted = files({ "a.js": "1", "b.js": "2" });
    await writeAssets(directory, wanted);
    const before = await stat(join(directory, "a.js"));
    expect(await writeAssets(directory, wanted)).toEqual([]);
    expect((await stat(join(directory, "a.js"))).ino).toBe(before.ino);
    expect(await writeAssets(directory, files({ "a.js": "1", "b.js": "3" }))).toEqual(["b.js"]);
  });

  it("may run several times at once", async () => {
    const wanted = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}.js`, "x".repeat(50_000)]));
    await Promise.all(Array.from({ length: 5 }, () => writeAssets(directory, files(wanted))));
    expect(await written()).toEqual(wanted);
  });
});
