/** The dashboard in a real browser: every page, live, in both themes, wide and narrow, without a complaint. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bundleDashboard } from "../../src/cli/bundle-dashboard.ts";
import { findChromium, NO_BROWSER } from "./chromium.ts";
import { LETTER_ATTACKER, MANY, observation } from "./dashboard-world.ts";
import { excessOf, findings } from "./signed-in.ts";
import { useStage } from "./stage.ts";

const BUNDLE_LIMIT_BYTES = 150_000;
const chromium = findChromium();

it("[dashboard] its script and style are at most 150 KB, packed", async () => {
  const files = (await bundleDashboard()).filter(([path]) => /\.(js|css)$/.test(path));
  expect(files).toHaveLength(2);
  const bytes = files.reduce((sum, [, content]) => sum + gzipSync(content).length, 0);
  expect(bytes).toBeLessThanOrEqual(BUNDLE_LIMIT_BYTES);
});

describe.skipIf(chromium === null)(
  `[dashboard]${chromium === null ? ` (${NO_BROWSER})` : ""}`,
  { timeout: 300_000 },
  () => {
    const stage = useStage(chromium);
    const { open } = stage;

    async function suspected(): Promise<string> {
      const answer = await fetch(`${stage.world.url}/api/v1/dashboard/identities?state=multi_actor`, {
        headers: { authorization: "Bearer dev-read-token" },
      });
      const { data } = (await answer.json()) as { data: { uuid: string; multi_actor_suspected: unknown }[] };
      return data.find((row) => row.multi_actor_suspected !== null)?.uuid ?? "";
    }

    it("a wrong token is refused in words; a right one opens, in a cookie that scripts cannot read", async () => {
      const { page } = await stage.browser.open(stage.world.url);
      await page.context().clearCookies();
      await page.goto(stage.world.url);
      await page.getByLabel("Token").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").getByText("not known").waitFor();
      await page.getByLabel("Token").fill("dev-read-token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator(".scope b").getByText("read", { exact: true }).waitFor();
      expect(await page.evaluate(() => document.cookie)).toBe("");
      expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain("dev-read-token");
      expect(page.url()).not.toContain("token");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Token").waitFor();
      await page.reload();
      await page.getByLabel("Token").waitFor();
      await page.close();
    });

    it("the first rows of thousands come in one request, the next when they come into sight, all for a search", async () => {
      const { page, complaints } = await stage.browser.open(stage.world.url);
      await page.context().clearCookies();
      await page.goto(stage.world.url);
      const asked: string[] = [];
      page.on("request", (request) => {
        if (request.url().includes("/api/v1/") && request.method() === "GET") asked.push(request.url());
      });
      const pages = () => asked.filter((url) => url.includes("dashboard/identities"));
      await page.getByLabel("Token").fill("dev-read-token");
      await page.getByRole("button", { name: "Sign in" }).click();
      const rows = page.locator("tr[data-uuid]");
      await page.getByText("50 identities, the most recently changed", { exact: true }).waitFor();
      expect(await rows.count()).toBe(50);
      expect(asked.filter((url) => !url.endsWith("/events"))).toHaveLength(1);
      await rows.last().scrollIntoViewIfNeeded();
      await rows.nth(60).waitFor();
      expect(pages()[1]).toMatch(/limit=50&cursor=/);
      await page.getByLabel("Search").fill("198.18.19.1");
      const all = (MANY + stage.world.attackers.length).toLocaleString("en");
      await page.getByText(new RegExp(`of ${all} identities$`)).waitFor({ timeout: 60_000 });
      await rows.first().getByText("198.18.19.1").waitFor();
      expect(complaints.filter((each) => !each.includes("/events"))).toEqual([]);
      await page.close();
    });

    it("filters are in the address, which opens the same view again", async () => {
      const { page, heard } = await open();
      await page.getByLabel("State").selectOption("multi_actor");
      await page.locator(".suspicion").first().waitFor();
      expect(new URL(page.url()).search).toBe("?state=multi_actor");
      const uuids = await page
        .locator("tr[data-uuid]")
        .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-uuid")));
      await page.reload();
      await page.locator(".suspicion").first().waitFor();
      expect(uuids.length).toBeGreaterThan(0);
      expect(
        await page
          .locator("tr[data-uuid]")
          .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-uuid"))),
      ).toEqual(uuids);
      await page.getByLabel("Search").fill("nothing like this");
      await page.getByText("Nothing fits.").waitFor();
      expect(heard()).toEqual([]);
      await page.close();
    });

    it("sorts by a column, either way, and the address opens the same order again", async () => {
      const { page, heard } = await open("/?q=192.0.2");
      await page.getByText(`${stage.world.attackers.length} of `).waitFor();
      const addresses = () => page.locator("tr[data-uuid] .addresses").allTextContents();
      const sorted = stage.world.attackers.map(({ address }) => address).toSorted((a, b) => (a < b ? -1 : 1));
      await page.getByRole("button", { name: "Identity" }).click();
      await page.locator('th[aria-sort="descending"].address').waitFor();
      expect(await addresses()).toEqual(sorted.toReversed());
      await page.getByRole("button", { name: "Identity" }).click();
      await page.locator('th[aria-sort="ascending"].address').waitFor();
      expect(await addresses()).toEqual(sorted);
      expect(new URL(page.url()).search).toBe("?q=192.0.2&sort=address&dir=asc");
      await page.reload();
      await page.getByText(`${stage.world.attackers.length} of `).waitFor();
      expect(await addresses()).toEqual(sorted);
      // What is worst first.
      await page.getByRole("button", { name: "Not stable" }).click();
      await page.locator('th[aria-sort="descending"].trouble').waitFor();
      await page.locator("tr[data-uuid]").first().locator(".suspicion").waitFor();
      expect(heard()).toEqual([]);
      await page.close();
    });

    it("filters by primitive and state together, and by part of a primitive's name", async () => {
      const { page, heard } = await open();
      const uuids = () =>
        page
          .locator("tr[data-uuid]")
          .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-uuid") ?? ""));
      const expected = async (query: string) => {
        const answer = await fetch(`${stage.world.url}/api/v1/identities?${query}`, {
          headers: { authorization: "Bearer dev-read-token" },
        });
        const { data } = (await answer.json()) as { data: { uuid: string }[] };
        return data.map(({ uuid }) => uuid);
      };
      await page.getByLabel("Primitive").fill("motor.input_modality");
      await page.keyboard.press("Enter");
      await page.waitForURL(/primitive=/);
      const both = await expected("primitive=motor.input_modality&state=conflicted");
      expect(both.length).toBeGreaterThan(0);
      await page.getByLabel("State").selectOption("conflicted");
      await page.getByText(`${both.length} ident`).waitFor();
      expect(await uuids()).toEqual(both);
      expect(new URL(page.url()).search).toBe("?primitive=motor.input_modality&state=conflicted");
      await page.getByRole("button", { name: "Clear" }).click();
      await page.keyboard.press("/");
      await page.keyboard.type("header_order");
      await page.getByText(/^1 of /).waitFor();
      await page.locator("tr[data-uuid]").getByText("toolchain.http.header_order").waitFor();
      expect(heard()).toEqual([]);
      await page.close();
    });

    it("what is being typed stays while it is typed, whatever arrives", async () => {
      const { page, heard } = await open("/?q=192.0.2");
      await page.locator('.live[data-connection="live"]').waitFor();
      await page.getByLabel("Primitive").pressSequentially("motor.");
      const attacker = stage.world.attackers[1]?.attackerUuid ?? "";
      const ts = Math.floor(Date.now() / 1_000);
      await stage.world.client.sendEvents([observation(attacker, "temporal.while_typing", "x", ts, 50)]);
      await page.locator(".arrival").getByText("temporal.while_typing").waitFor();
      expect(await page.getByLabel("Primitive").inputValue()).toBe("motor.");
      expect(new URL(page.url()).search).toBe("?q=192.0.2");
      expect(heard()).toEqual([]);
    });

    it("a row that no longer fits the state that is filtered by leaves the list", async () => {
      const attacker = crypto.randomUUID();
      const ts = Math.floor(Date.now() / 1_000);
      const send = (from: number, values: readonly string[]) =>
        stage.world.client.sendEvents(
          values.map((value, i) =>
            observation(attacker, "temporal.leaving", value, ts - 60 + from + i, 100 + from + i),
          ),
        );
      const { page, heard } = await open("/?state=unknown");
      await page.locator('.live[data-connection="live"]').waitFor();
      await send(0, ["a"]);
      await page.locator(".arrival").getByText("temporal.leaving").waitFor();
      const uuid = (await stage.world.client.attribution(attacker))?.identity_uuid ?? "";
      const row = page.locator(`tr[data-uuid="${uuid}"]`);
      await row.waitFor();
      await send(1, ["a", "a"]);
      await row.waitFor({ state: "detached" });
      expect(new URL(page.url()).search).toBe("?state=unknown");
      expect(heard()).toEqual([]);
    });

    it("the keyboard alone gets from row to row and into an identity", async () => {
      const { page, heard } = await open();
      await page.locator("tr[data-uuid]").nth(3).waitFor();
      await page.locator("tr[data-uuid] a").first().focus();
      await page.keyboard.press("ArrowDown");
      const uuid = await page.evaluate(() => document.activeElement?.closest("tr")?.dataset["uuid"]);
      expect(uuid).toBe(await page.locator("tr[data-uuid]").nth(1).getAttribute("data-uuid"));
      await page.keyboard.press("Enter");
      await page.locator("h1 code").waitFor();
      expect(page.url()).toContain(uuid);
      expect(heard()).toEqual([]);
      await page.close();
    });

    it("an identity shows its domains in order, and each transition in words", async () => {
      const { page, heard } = await open(`/identity/${await suspected()}`);
      await page.locator(".primitive").first().waitFor();
      await page.getByText("Several actors suspected.").waitFor();
      const domains = await page.locator(".domain h3").allTextContents();
      const order = ["motor", "cognitive", "temporal", "operational", "environmental", "toolchain"];
      expect(domains).toEqual(order.filter((domain) => domains.includes(domain)));
      await page.locator('.primitive[data-state="multi_actor"] button').first().click();
      await page.locator(".plot canvas").waitFor();
      await page.locator(".panel").getByText("Exactly two values take turns").first().waitFor();
      expect(page.url()).toContain("open=");
      expect(await page.locator(".since time").first().getAttribute("title")).toMatch(/\d/);
      expect(heard()).toEqual([]);
      await page.close();
    });

    it("the time slider goes back to the states as they were", async () => {
      const { page, heard } = await open(`/identity/${await suspected()}`);
      await page.locator('.primitive[data-state="multi_actor"]').first().waitFor();
      await page
        .getByLabel("States as they are now")
        .fill((await page.locator("#as-of").getAttribute("min")) ?? "");
      await page.locator('.primitive[data-state="unknown"]').first().waitFor();
      expect(await page.locator('.primitive[data-state="multi_actor"]').count()).toBe(0);
      expect(page.url()).toContain("at=");
      await page.getByRole("button", { name: "Now", exact: true }).click();
      await page.locator('.primitive[data-state="multi_actor"]').first().waitFor();
      expect(page.url()).not.toContain("at=");
      expect(heard()).toEqual([]);
      await page.close();
    });

    it("a transition appears in list and identity while they are open", async () => {
      const list = await open();
      await list.page.locator('.live[data-connection="live"]').waitFor();
      const attacker = stage.world.attackers[0]?.attackerUuid ?? "";
      const identityUuid = (await stage.world.client.attribution(attacker))?.identity_uuid ?? "";
      const detail = await list.page.context().newPage();
      await detail.goto(`${stage.world.url}/identity/${identityUuid}`);
      await detail.locator(".primitive").first().waitFor();
      const now = Math.floor(Date.now() / 1_000);
      await stage.world.client.sendEvents([observation(attacker, "temporal.live_test", "x", now, 1)]);
      await list.page.locator(".arrival").getByText("temporal.live_test").waitFor();
      await list.page.locator(`tr[data-uuid="${identityUuid}"][data-fresh="true"]`).waitFor();
      await detail.locator('.primitive[data-primitive="temporal.live_test"]').waitFor();
      expect(list.heard()).toEqual([]);
      await detail.close();
      await list.page.close();
    });

    it("a dead letter is put back, comes through, and is gone", async () => {
      const { page, heard } = await open("/dead-letters", "dev-admin-token");
      await page.getByText("D1 did not answer.").waitFor();
      expect(await findings(page)).toEqual([]);
      await page.locator(".letter").getByRole("button", { name: "Replay" }).click();
      await page.getByText("1 letter put back on the queue.").waitFor();
      await page.getByText("No dead letters.").waitFor({ timeout: 60_000 });
      expect((await stage.world.client.attribution(LETTER_ATTACKER))?.primitives).toHaveLength(1);
      expect(heard()).toEqual([]);
      await page.close();
    });

    it("what needs the admin scope is not offered to a reader", async () => {
      const { page, heard } = await open("/jobs");
      await page.getByText("This needs the scope admin.").waitFor();
      expect(await page.getByRole("link", { name: "Dead letters" }).count()).toBe(0);
      expect(heard()).toEqual([]);
      await page.close();
    });

    it.each([
      ["light", 1_280],
      ["dark", 1_280],
      ["light", 360],
      ["dark", 360],
    ] as const)(
      "every page in %s at %d px: nothing serious to axe-core, nothing cut off",
      async (scheme, width) => {
        const { page, heard } = await open("/", "dev-admin-token");
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: 800 });
        const identity = `/identity/${await suspected()}`;
        const ready: Record<string, string> = {
          "/?q=192.0.2": "tr[data-uuid]",
          [`${identity}?open=motor.input_modality`]: ".plot canvas",
          "/overview": ".plot canvas",
          "/jobs": "#rebuild-title",
        };
        for (const [path, selector] of Object.entries(ready)) {
          await page.goto(stage.world.url + path);
          await page.locator(selector).first().waitFor();
          expect(await page.evaluate(() => document.documentElement.dataset["theme"])).toBe(scheme);
          expect(await findings(page), path).toEqual([]);
          expect(await excessOf(page), path).toBe(0);
        }
        expect(heard()).toEqual([]);
        await page.close();
      },
    );

    it("says that it is disconnected when the stream is lost, and goes on by itself", async () => {
      const { page } = await stage.browser.open(stage.world.url);
      await page.context().clearCookies();
      let isDown = true;
      await page.route(/\/api\/v1\/events/, (route) => (isDown ? route.abort() : route.continue()));
      await page.goto(stage.world.url);
      await page.getByLabel("Token").fill("dev-read-token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Disconnected.").waitFor();
      isDown = false;
      await page.locator('.live[data-connection="live"]').waitFor({ timeout: 60_000 });
      expect(await page.getByText("Disconnected.").count()).toBe(0);
      await page.close();
    });
  },
);
