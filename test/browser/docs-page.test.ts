/** `GET /docs` in a real browser: it shows the whole description, asks nobody but us, and breaks no policy. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyLocalMigrations, type LocalWorker, startLocalWorker } from "../../src/cli/local-worker.ts";
import { findChromium, NO_BROWSER, TestBrowser } from "./chromium.ts";

const chromium = findChromium();
describe.skipIf(chromium === null)(
  `[§7] GET /docs${chromium === null ? ` (${NO_BROWSER})` : ""}`,
  { timeout: 300_000 },
  () => {
    let directory = "";
    let worker: LocalWorker | null = null;
    let browser: TestBrowser | null = null;
    let url = "";

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "docs-page-test-"));
      await applyLocalMigrations(["--persist-to", directory]);
      const port = await getPort({ host: "127.0.0.1" });
      worker = await startLocalWorker({ port, persistTo: directory, envFile: ".dev.vars.example" });
      url = worker.url;
      browser = await TestBrowser.start(chromium ?? "");
    }, 300_000);

    afterAll(async () => {
      await browser?.stop();
      await worker?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    async function openDocs() {
      const opened = await browser?.open(url);
      if (!opened) throw new Error("the browser must have been started");
      await opened.page.goto(`${url}/docs`);
      await opened.page.locator(".opblock").first().waitFor();
      return opened;
    }

    it("shows every route, and what each answers, without a complaint", async () => {
      const { page, complaints } = await openDocs();
      const document: { paths: Record<string, object> } = await (await fetch(`${url}/openapi.json`)).json();
      const routes = Object.values(document.paths).flatMap((item) => Object.keys(item));
      expect(await page.locator(".opblock").count()).toBe(routes.length);
      await page.getByText("Identities, most recently changed first").click();
      await page.locator(".responses-table").first().waitFor();
      expect(await page.locator(".responses-table .response").count()).toBeGreaterThan(4);
      expect(complaints).toEqual([]);
      await page.close();
    });

    it("lets one try a route with a token", async () => {
      const { page, complaints } = await openDocs();
      await page.locator(".btn.authorize").click();
      await page.locator("#auth-bearer-value").fill("dev-read-token");
      await page.getByRole("button", { name: "Apply credentials" }).first().click();
      await page.getByRole("button", { name: "Close" }).first().click();
      await page.getByText("Totals", { exact: true }).click();
      await page.getByRole("button", { name: "Try it out" }).click();
      await page.getByRole("button", { name: "Execute" }).click();
      const answer = page.locator(".live-responses-table .response-col_status").last();
      await answer.waitFor();
      expect(await answer.innerText()).toContain("200");
      expect(complaints).toEqual([]);
      await page.close();
    });
  },
);
