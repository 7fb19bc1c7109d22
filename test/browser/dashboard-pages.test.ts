/** Overview, jobs, and what every page shows when there is nothing, not yet, not any more, or not for this reader. */
import type { Route } from "playwright-core";
import { describe, expect, it } from "vitest";
import { findChromium, NO_BROWSER } from "./chromium.ts";
import { observation } from "./dashboard-world.ts";
import { excessOf, findings } from "./signed-in.ts";
import { useStage } from "./stage.ts";

const chromium = findChromium();
const ADMIN = "dev-admin-token";
const ATTACKER = "0ea7f00d-0000-4000-8000-000000000001";
/** Identities of which nothing was observed. */
const SILENT = 300;
/** An answer that says that something went wrong. */
const failing = (route: Route) =>
  route.fulfill({
    status: 500,
    contentType: "application/problem+json",
    body: JSON.stringify({
      type: "about:blank",
      title: "Internal error",
      status: 500,
      code: "internal",
      detail: "It has been logged.",
    }),
  });

describe.skipIf(chromium === null)(
  `[dashboard] pages and their states${chromium === null ? ` (${NO_BROWSER})` : ""}`,
  { timeout: 300_000 },
  () => {
    const stage = useStage(chromium, { many: SILENT, scenarios: [] });
    const { open } = stage;

    const endTs = Math.floor(Date.now() / 1_000) - 60;
    /** Two primitives of one attacker that take turns; again, it changes nothing. */
    const play = () => {
      const primitives = ["motor.input_modality", "temporal.x"];
      const events = primitives.flatMap((primitive, row) =>
        ["a", "b", "a", "b"].map((value, i) =>
          observation(ATTACKER, primitive, value, endTs - 7_200 + i * 600, row * 10 + i),
        ),
      );
      return stage.world.client.sendEvents(events);
    };

    it("the overview of nothing says so, and fills by itself as transitions come", async () => {
      const { page, heard } = await open("/overview");
      await page.getByText("Nothing changed yet.").waitFor();
      await page.getByText("None yet.").waitFor();
      await page.locator('.live[data-connection="live"]').waitFor();
      await play();
      await page.locator(".plot canvas").waitFor();
      const suspicion = page.getByRole("region", { name: "Newest suspicions" }).locator("li");
      await suspicion.getByText("motor.input_modality, temporal.x").waitFor();
      const active = page.getByRole("region", { name: "Most active identities" }).locator("li");
      await active.getByText("6 transitions").waitFor();
      const states = page.getByRole("region", { name: "States now" }).getByRole("link");
      expect(await states.allInnerTexts()).toEqual([
        "stable\n0",
        "drifting\n0",
        "conflicted\n0",
        "multi-actor\n2",
        "unknown\n0",
      ]);
      const health = await page.getByRole("region", { name: "Health" }).innerText();
      for (const name of ["Backlog", "Outbox", "Dead letters"]) expect(health).toContain(name);
      await suspicion.getByRole("link").click();
      await page.getByText("Several actors suspected.").waitFor();
      expect(heard()).toEqual([]);
    });

    it("lines of the overview's chart can be left out; the address holds which, and the range", async () => {
      await play();
      const { page, heard } = await open("/overview");
      const line = page.getByRole("button", { name: "unknown", exact: true });
      await line.waitFor();
      expect(await line.getAttribute("aria-pressed")).toBe("true");
      await line.click();
      await page.getByRole("button", { name: "month" }).click();
      await page.waitForURL(/range=month/);
      expect(new URL(page.url()).searchParams.get("without")).toBe("unknown");
      await page.reload();
      await line.waitFor();
      expect(await line.getAttribute("aria-pressed")).toBe("false");
      expect(await page.getByRole("button", { name: "month" }).getAttribute("aria-pressed")).toBe("true");
      // Each line has a mark and dashes of its own besides its colour.
      const dashes = await page
        .locator(".legend .sample line")
        .evaluateAll((lines) => lines.map((each) => each.getAttribute("stroke-dasharray")));
      expect(new Set(dashes).size).toBe(5);
      expect(heard()).toEqual([]);
    });

    it("a rebuild shows how far it is, then that it is done; it is not started twice", async () => {
      const { page, heard } = await open("/jobs", ADMIN);
      const start = page.getByRole("button", { name: "Rebuild everything" });
      await page.getByText("Never run.").waitFor();
      let done: number | null = 75;
      await page.route(/\/api\/v1\/rebuild$/, async (route) => {
        if (done === null || route.request().method() === "POST") return route.continue();
        const json = {
          state: "running",
          done,
          total: 300,
          failed: 1,
          started_ts: 1,
          finished_ts: null,
          error: null,
        };
        return route.fulfill({ json });
      });
      await start.click();
      const bar = page.getByRole("progressbar", { name: "Progress of the rebuild" });
      await bar.waitFor();
      expect(await bar.evaluate((element: HTMLProgressElement) => element.position)).toBe(0.25);
      await page.getByText("75 of 300 identities, 1 failed and is tried again").waitFor();
      expect(await start.isDisabled()).toBe(true);
      expect(await findings(page)).toEqual([]);
      // It goes on by itself.
      done = 150;
      await page.getByText("150 of 300 identities").waitFor();
      done = null;
      await page.getByText(/Finished .*: 30[01] identities\./).waitFor({ timeout: 120_000 });
      expect(await bar.count()).toBe(0);
      expect(await start.isEnabled()).toBe(true);
      expect(heard()).toEqual([]);
    });

    it("pausing says what that means, and resuming takes it back", async () => {
      const { page, heard } = await open("/jobs", ADMIN);
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByText("Paused: messages wait, reads go on, nothing is lost.").waitFor();
      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByText("Running: messages are taken as they come.").waitFor();
      expect(heard()).toEqual([]);
    });

    it.each([
      ["/", /dashboard\/identities/, "Loading identities", "50 identities"],
      ["/overview", /api\/v1\/dashboard\/overview/, "Loading the overview", "States now"],
      ["/jobs", /api\/v1\/control/, "Loading the switch", "Running"],
      ["/dead-letters", /api\/v1\/dead-letters/, "Loading dead letters", "D1 did not answer"],
    ])("%s: loading is said, a failure too, and trying again helps", async (path, asked, loading, good) => {
      const { page } = await open("/overview", ADMIN);
      let isFailing = true;
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route(asked, async (route) => {
        await held;
        return isFailing ? failing(route) : route.continue();
      });
      await page.goto(stage.world.url + path);
      await page.getByText(loading).waitFor();
      expect(await page.locator(".spinner").first().isVisible()).toBe(true);
      expect(await findings(page)).toEqual([]);
      release();
      const alert = page.getByRole("alert").filter({ hasText: "That did not work." }).first();
      await alert.getByText("It has been logged.").waitFor();
      expect(await findings(page)).toEqual([]);
      isFailing = false;
      await alert.getByRole("button", { name: "Try again" }).click();
      await page.getByText(new RegExp(good)).first().waitFor();
      await alert.waitFor({ state: "detached" });
    });

    it("a session that ends while its page is open leads to the sign-in, which says why, and back", async () => {
      const { page } = await open("/overview");
      await page.getByText("States now").waitFor();
      await page.context().clearCookies();
      await page.getByRole("link", { name: "Identities" }).first().click();
      await page.getByText("Your session has ended.").waitFor();
      await page.getByLabel("Token").fill("dev-read-token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator("tr[data-uuid]").first().waitFor();
      expect(new URL(page.url()).pathname).toBe("/");
    });

    it("a sensor's token signs in and is told that it may not read", async () => {
      const { page, heard } = await open("/", "dev-ingest-token");
      await page.getByText("This token may send, but not read.").waitFor();
      expect(await page.locator(".scope b").innerText()).toBe("ingest");
      expect(await page.locator(".live").count()).toBe(0);
      expect(await findings(page)).toEqual([]);
      expect(heard()).toEqual([]);
    });

    it("a theme that was chosen holds, also after loading again", async () => {
      const { page } = await open();
      const shown = () => page.evaluate(() => document.documentElement.dataset["theme"]);
      await page.emulateMedia({ colorScheme: "light" });
      expect(await shown()).toBe("light");
      const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await back();
      await page.getByRole("button", { name: "Dark theme" }).click();
      expect(await shown()).toBe("dark");
      expect(await back()).not.toBe(light);
      await page.reload();
      await page.getByRole("button", { name: "Light theme" }).click();
      expect(await shown()).toBe("light");
    });

    it("a page that nobody looks at holds no stream, and takes it up again where it was", async () => {
      const { page } = await open();
      await page.locator('.live[data-connection="live"]').waitFor();
      const streams: string[] = [];
      page.on("request", (request) => {
        if (request.url().includes("/api/v1/events")) streams.push(request.url());
      });
      const ended = page.waitForEvent("requestfailed", (request) => request.url().includes("/api/v1/events"));
      const setHidden = (isHidden: boolean) =>
        page.evaluate((hidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }, isHidden);
      await setHidden(true);
      await ended;
      const ts = Math.floor(Date.now() / 1_000);
      await stage.world.client.sendEvents([observation(ATTACKER, "temporal.unseen", "x", ts, 500)]);
      const { applied } = await stage.world.client.waitUntilApplied({ quietMs: 2_000 });
      expect(applied).toBe(true);
      expect(streams).toEqual([]);
      await setHidden(false);
      await page.locator(".arrival").getByText("temporal.unseen").waitFor();
      expect(streams[0]).toMatch(/last_event_id=/);
    });

    it.each([
      ["light", 1_280],
      ["dark", 1_280],
      ["light", 360],
      ["dark", 360],
    ] as const)(
      "in %s at %d px, also where something is missing: nothing serious, nothing cut off",
      async (scheme, width) => {
        const { page } = await stage.browser.open(stage.world.url);
        await page.context().clearCookies();
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: 800 });
        await page.goto(stage.world.url);
        await page.getByLabel("Token").fill("wrong");
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("alert").waitFor();
        expect(await findings(page), "sign-in").toEqual([]);
        expect(await excessOf(page), "sign-in").toBe(0);
        await page.getByLabel("Token").fill(ADMIN);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.locator("tr[data-uuid]").first().waitFor();
        // Cut the stream as well, so that every page says that it is disconnected.
        await page.route(/\/api\/v1\/events/, (route) => route.abort());
        const ready: Readonly<Record<string, string>> = {
          "/": "198.18.1.44",
          "/?q=nothing": "Nothing fits.",
          "/overview": "States over time",
          "/dead-letters": "D1 did not answer.",
          "/dead-letters?code=too_large": "No dead letters.",
          "/jobs": "Rebuild everything",
          "/identity/feedfeed-0000-4000-8000-000000000009": "Nothing was observed yet.",
          [`/identity/${crypto.randomUUID()}`]: "No such identity.",
        };
        for (const [path, text] of Object.entries(ready)) {
          await page.goto(stage.world.url + path);
          await page.getByText(text).first().waitFor();
          await page.getByText("Disconnected.").waitFor();
          expect(await findings(page), path).toEqual([]);
          expect(await excessOf(page), path).toBe(0);
        }
      },
    );
  },
);
