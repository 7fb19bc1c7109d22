/**
 * `npm run screenshots`: makes the pictures of the dashboard in `docs/screenshots`. It starts a Worker with its own
 * database, plays every scenario into it, and takes pictures of the main views with the installed Chromium.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { chromium, type Page } from "playwright-core";
import { castAttackers, simulate } from "../simulate/index.ts";
import { AttributionClient } from "./client.ts";
import { applyLocalMigrations, startLocalWorker } from "./local-worker.ts";
import { registerAttackers, sendSessions } from "./play.ts";
import { PROJECT_ROOT } from "./wrangler.ts";

const TARGET = join(PROJECT_ROOT, "docs/screenshots");
const BROWSER = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const IDENTITIES = 48;

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "screenshots-"));
  await applyLocalMigrations(["--persist-to", directory]);
  const port = await getPort({ host: "127.0.0.1" });
  const worker = await startLocalWorker({ port, persistTo: directory, envFile: ".dev.vars.example" });
  const browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const client = new AttributionClient({
      url: worker.url,
      ingestToken: "dev-ingest-token",
      readToken: "dev-read-token",
    });
    const options = { seed: 1, endTs: Math.floor(Date.now() / 1_000), identities: IDENTITIES };
    const attackers = castAttackers(options);
    const sessions = [...simulate(options)];
    await registerAttackers(client, attackers);
    await sendSessions(client, sessions, 500);
    await client.waitUntilApplied({
      expectedObservations: sessions.reduce((sum, { events }) => sum + events.length, 0),
    });
    const identityOf = async (name: string) => {
      const told = attackers.find(({ scenario }) => scenario.name === name) ?? attackers[0];
      return (told && (await client.attribution(told.attackerUuid)))?.identity_uuid ?? "";
    };
    const uuid = await identityOf("shared-credentials");
    const changed = await identityOf("new-habits");
    const shared = await identityOf("shared-account");
    await mkdir(TARGET, { recursive: true });
    const page = await browser.newPage({ viewport: { width: 1_280, height: 820 } });
    await signIn(page, worker.url);
    const shoot = async (name: string, path: string, ready: string) => {
      await page.goto(worker.url + path);
      await page.locator(ready).first().waitFor();
      // Charts are drawn one frame after their data arrives.
      await page.evaluate(() => new Promise(requestAnimationFrame));
      await page.screenshot({ path: join(TARGET, `${name}.png`) });
      console.log(`docs/screenshots/${name}.png`);
    };
    await shoot("identities", "/?sort=seen", "tr[data-uuid]");
    await shoot("identity", `/identity/${uuid}`, ".primitive");
    await page.setViewportSize({ width: 1_280, height: 1_000 });
    await shoot("evidence", `/identity/${changed}`, ".change-mark");
    await shoot("operators", `/identity/${shared}`, ".session-bar");
    const beacon = "toolchain.c2.beacon_interval_ms";
    await page.goto(`${worker.url}/identity/${changed}?open=${beacon}`);
    const chart = page.locator(".evidence-chart");
    await chart.locator("canvas").waitFor();
    await page.evaluate(() => new Promise(requestAnimationFrame));
    // The bar and the slider stay at the top.
    await page.locator(".panel .series-chart").evaluate((element) => {
      scrollTo(0, element.getBoundingClientRect().top + scrollY - 140);
    });
    await page.screenshot({ path: join(TARGET, "evidence-over-time.png") });
    console.log("docs/screenshots/evidence-over-time.png");
    await page.setViewportSize({ width: 1_280, height: 820 });
    await page.emulateMedia({ colorScheme: "dark" });
    await shoot("overview", "/overview", ".plot canvas");
    // The state at the time at which two primitives became conflicted.
    await page.goto(`${worker.url}/identity/${uuid}`);
    await page.getByRole("button", { name: /^motor\.input_modality: unknown → conflicted/ }).click();
    await page.locator('.primitive[data-state="conflicted"]').first().waitFor();
    await page.mouse.move(0, 0);
    await page.locator(".timeline").evaluate((element) => element.scrollIntoView({ block: "center" }));
    await page.screenshot({ path: join(TARGET, "timeline.png") });
    console.log("docs/screenshots/timeline.png");
  } finally {
    await browser.close();
    await worker.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Token").fill("dev-admin-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#content").waitFor();
}

if (import.meta.main) await main();
