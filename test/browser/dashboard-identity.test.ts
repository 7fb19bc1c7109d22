/** The page of an identity in a real browser, with a story of which every state is known: strips, charts, timeline, live. */
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { findChromium, NO_BROWSER } from "./chromium.ts";
import { DOMAIN_ORDER, LOSER_ATTACKER, playStory, STORY, WINNER_ATTACKER } from "./dashboard-story.ts";
import { observation } from "./dashboard-world.ts";
import { excessOf, findings } from "./signed-in.ts";
import { useStage } from "./stage.ts";

const chromium = findChromium();

describe.skipIf(chromium === null)(
  `[dashboard] an identity${chromium === null ? ` (${NO_BROWSER})` : ""}`,
  { timeout: 300_000 },
  () => {
    const stage = useStage(chromium, { many: 0, scenarios: [] });
    let winnerUuid = "";
    let loserUuid = "";
    const endTs = Math.floor(Date.now() / 1_000) - 600;

    beforeAll(async () => {
      ({ winnerUuid, loserUuid } = await playStory(stage.world.url, stage.world.client, endTs));
    }, 300_000);

    const open = async (view = "", token?: string) => {
      const opened = await stage.open(`/identity/${winnerUuid}${view}`, token);
      await opened.page.locator(".primitive").first().waitFor();
      return opened;
    };
    const row = (page: Page, primitive: string) => page.locator(`.primitive[data-primitive="${primitive}"]`);
    const marks = async (within: Locator) => ({
      recent: await within.locator(".window-recent").count(),
      older: await within.locator(".window-older").count(),
    });

    it("the header says whose it is, since when, what was merged in, and what is suspected", async () => {
      const { page, heard } = await open();
      const head = page.locator(".identity-head");
      expect(await head.locator("dt").allTextContents()).toEqual([
        "First seen",
        "Last seen",
        "Observations",
        "States",
        "Evidence",
        "Merged from",
      ]);
      expect(await head.locator(".merged-uuid").getAttribute("title")).toBe(loserUuid);
      const attackers = await head.locator(".attackers li").allTextContents();
      expect(attackers).toHaveLength(2);
      expect(attackers.join()).toContain("192.0.2.201");
      expect(attackers.join()).toContain(WINNER_ATTACKER);
      expect(attackers.join()).toContain(LOSER_ATTACKER);
      const banner = head.locator(".banner-suspicion");
      expect(await banner.innerText()).toContain("Several actors suspected.");
      expect(await banner.locator("a").allTextContents()).toEqual([
        "motor.input_modality",
        "motor.keystroke_cadence",
      ]);
      await banner.getByText("motor.keystroke_cadence").click();
      await row(page, "motor.keystroke_cadence").locator(".series-chart .plot canvas").waitFor();
      expect(await head.locator("time").first().getAttribute("title")).toMatch(/\d{4}.*\d\d:\d\d:\d\d/);
      expect(heard()).toEqual([]);
    });

    it("the address of the one that was merged away shows the winner, and says so", async () => {
      const { page, heard } = await stage.open(`/identity/${loserUuid}`);
      await page.getByText("was merged into this identity").waitFor();
      expect(await page.locator("h1 code").innerText()).toBe(winnerUuid.slice(0, 8));
      expect(heard()).toEqual([]);
    });

    it("every primitive stands in its domain, in the fixed order, with its state and since when", async () => {
      const { page, heard } = await open();
      expect(await page.locator(".domain h3").allTextContents()).toEqual(DOMAIN_ORDER);
      for (const [primitive, { state, values }] of Object.entries(STORY)) {
        const own = row(page, primitive);
        expect(await own.getAttribute("data-state"), primitive).toBe(state);
        expect(await own.locator(".primitive-row .badge").innerText()).toBe(state.replace("_", "-"));
        expect(await own.locator(".count").getAttribute("title")).toBe(
          `${values.length} observation${values.length === 1 ? "" : "s"}`,
        );
        const since = own.locator(".since time");
        expect(await since.innerText()).toMatch(/^since (\d+ (minute|hour)s?)$/);
        expect(await since.getAttribute("title")).toMatch(/\d{4}.*\d\d:\d\d:\d\d/);
      }
      expect(heard()).toEqual([]);
    });

    it("a numeric strip is a line of the moving mean, with the deciding windows marked", async () => {
      const { page, heard } = await open();
      const strip = row(page, "toolchain.c2.beacon_interval_ms").locator("svg.strip");
      expect(await strip.getAttribute("data-kind")).toBe("line");
      expect(await strip.locator("circle.dot").count()).toBe(10);
      // Between 60 (at 24) and 100 (at 3): where the mean of the last five of 60 × 5, 100 × 5 stands at each.
      const means = [60, 60, 60, 60, 60, 72, 80.4, 86.28, 90.396, 100];
      const ends = await strip
        .locator("line.mean")
        .evaluateAll((lines) => lines.map((line) => Number(line.getAttribute("y2"))));
      expect(ends).toHaveLength(9);
      for (const [i, y] of ends.entries()) {
        expect(y).toBeCloseTo(24 - (21 * ((means[i + 1] ?? 0) - 60)) / 40, 6);
      }
      // The seventh observation made it drift: five recent ones, two before.
      expect(await marks(strip)).toEqual({ recent: 5, older: 2 });
      expect(await strip.getAttribute("aria-label")).toMatch(
        /^10 observations, a line of their mean \(EWMA\), from .* to .*; marked: 5 of the recent window, 2 of the older$/,
      );
      expect(heard()).toEqual([]);
    });

    it("a hash strip marks each rotation, and the values that were counted", async () => {
      const { page } = await open();
      const strip = row(page, "toolchain.ssh.hassh_client").locator("svg.strip");
      expect(await strip.getAttribute("data-kind")).toBe("rotations");
      expect(await strip.locator("line.turn").count()).toBe(2);
      expect(await marks(strip)).toEqual({ recent: 2, older: 0 });
      // Of each hash of the window the latest observation, and those that a transition was decided by.
      expect(await strip.getAttribute("aria-label")).toContain("5 observations, 3 values of a hash,");
    });

    it("a bag is shown by the number of its words, with a mark for each and a sentence instead of a chart", async () => {
      const { page, heard } = await open("?open=cognitive.command_words");
      const bag = row(page, "cognitive.command_words");
      expect(await bag.locator(".value").textContent()).toBe("100 words (10 distinct)");
      const strip = bag.locator("svg.strip");
      expect(await strip.getAttribute("data-kind")).toBe("bags");
      expect(await strip.locator("title").first().textContent()).toMatch(/^100 words \(10 distinct\), /);
      expect(await strip.getAttribute("aria-label")).toContain("a mark for each bag of words");
      const panel = bag.locator(".panel");
      await panel.locator(".windows").waitFor();
      const text = (await panel.textContent()) ?? "";
      expect(text).toContain("Bags have no state and are not drawn");
      expect(text).toContain(
        "Came in: 100 words (10 distinct). Bags of words have no state: only evidence reads them.",
      );
      expect(text).not.toContain("abcdef");
      expect(await panel.locator("canvas").count()).toBe(0);
      expect(heard()).toEqual([]);
    });

    it("a categorical strip is bands, one lane for each value; what abstained is told apart", async () => {
      const { page } = await open();
      const duration = row(page, "temporal.session_duration").locator("svg.strip");
      expect(await duration.getAttribute("data-kind")).toBe("bands");
      expect(await duration.locator(".lane-0").count()).toBe(5);
      expect(await duration.locator(".lane-1").count()).toBe(5);
      expect(await duration.locator("line.turn").count()).toBe(0);
      // Four long ones of the latest five were needed: the ninth observation.
      expect(await marks(duration)).toEqual({ recent: 5, older: 4 });
      expect(await duration.getAttribute("aria-label")).toContain("2 values in bands");
      const load = row(page, "cognitive.cognitive_load").locator("svg.strip");
      const values = STORY["cognitive.cognitive_load"].values;
      const informative = values.filter((value) => value !== "unknown");
      const titles = () => load.locator("title").allTextContents();
      const expected = (of: readonly string[]) =>
        of.map((value) => expect.stringMatching(new RegExp(`^${value}, `)));
      expect(await titles()).toEqual(expected(informative));
      // One that comes is shown, whatever it says.
      await page.locator('.live[data-connection="live"]').waitFor();
      const abstaining = observation(WINNER_ATTACKER, "cognitive.cognitive_load", "unknown", endTs, 8_000);
      await stage.world.client.sendEvents([abstaining]);
      await load.locator(".abstained").waitFor({ state: "attached" });
      expect(await titles()).toEqual(expected([...informative, "unknown"]));
    });

    it("while observations come, nothing is asked for but the states", async () => {
      const { page, heard } = await open("?open=motor.input_modality");
      await row(page, "motor.input_modality").locator(".series-chart .plot canvas").waitFor();
      await page.locator('.live[data-connection="live"]').waitFor();
      const asked: string[] = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      const own = row(page, "cultural.weekend_cadence");
      const { length } = STORY["cultural.weekend_cadence"].values;
      for (const n of [1, 2]) {
        await stage.world.client.sendEvents([
          observation(WINNER_ATTACKER, "cultural.weekend_cadence", "flat", endTs + n, 8_100 + n),
        ]);
        await own.locator(`.count[title="${length + n} observations"]`).waitFor();
        expect(await own.locator("svg.strip .lane-0").count()).toBe(length + n);
      }
      expect(new Set(asked)).toEqual(new Set([`/api/v1/identities/${winnerUuid}/attribution`]));
      expect(heard()).toEqual([]);
    });

    it("a numeric chart draws observations and their mean, shades both windows, and tells values", async () => {
      const { page, heard } = await open("?open=toolchain.c2.beacon_interval_ms");
      const panel = row(page, "toolchain.c2.beacon_interval_ms").locator(".panel");
      await panel.locator(".series-chart .plot canvas").waitFor();
      expect(await panel.locator(".series-chart .plot").getAttribute("aria-label")).toBe(
        "toolchain.c2.beacon_interval_ms over time: 10 observations as points with their moving mean (EWMA)",
      );
      expect(await panel.locator(".series-chart .legend .key").allInnerTexts()).toEqual([
        "observed",
        "mean (EWMA)",
      ]);
      await panel.locator(".series-chart .plot").scrollIntoViewIfNeeded();
      const over = await panel.locator(".series-chart .u-over").boundingBox();
      if (!over) throw new Error("the chart must have been drawn");
      const at = (share: number) => over.x + share * over.width;
      await page.mouse.move(at(5 / 9), over.y + over.height / 2);
      await panel
        .locator(".series-chart .legend-time")
        .getByText(/\d\d:\d\d:\d\d/)
        .waitFor();
      expect(await panel.locator(".series-chart .legend .key b").allInnerTexts()).toEqual(["100", "72"]);
      await page.mouse.move(at(8 / 9), over.y + over.height / 2);
      await panel.locator(".series-chart .legend").getByText("90.4").waitFor();
      // Before the picture is read, which the browser would like to be done otherwise.
      expect(heard()).toEqual([]);
      // Observation 0 and 1 are the older window, 2 to 6 the recent one.
      const shades = await panel
        .locator(".series-chart .plot canvas")
        .evaluate((canvas: HTMLCanvasElement) => {
          const area = canvas.parentElement?.querySelector(".u-over")?.getBoundingClientRect();
          const own = canvas.getBoundingClientRect();
          const ctx = canvas.getContext("2d");
          if (!area || !ctx) return [];
          const scale = canvas.width / own.width;
          // The colour that most of a patch below the highest points has: lines of the grid are thin.
          return [0.5 / 9, 3.5 / 9, 7.5 / 9].map((share) => {
            const x = (area.left - own.left + share * area.width) * scale;
            const y = (area.top - own.top + 0.3 * area.height) * scale;
            const { data } = ctx.getImageData(x - 6, y - 6, 12, 12);
            const counts = new Map<string, number>();
            for (let i = 0; i < data.length; i += 4) {
              const pixel = data.slice(i, i + 4).join();
              counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
            }
            return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
          });
        });
      expect(new Set(shades).size).toBe(3);
    });

    it("a hash's chart has a lane for each value, named at the pointer", async () => {
      const { page, heard } = await open("?open=toolchain.ssh.hassh_client");
      const panel = row(page, "toolchain.ssh.hassh_client").locator(".panel");
      await panel.locator(".series-chart .plot canvas").waitFor();
      expect(await panel.locator(".series-chart .plot").getAttribute("aria-label")).toContain("in 3 lanes");
      await panel.locator(".series-chart .plot").scrollIntoViewIfNeeded();
      const over = await panel.locator(".series-chart .u-over").boundingBox();
      await page.mouse.move((over?.x ?? 0) + (over?.width ?? 0) - 2, (over?.y ?? 0) + 20);
      await panel.locator(".series-chart .legend").getByText("cccc").waitFor();
      expect(heard()).toEqual([]);
    });

    it("a transition explains itself: what came in, rule, threshold, margin, and the evidence", async () => {
      const { page, heard } = await open("?open=toolchain.c2.beacon_interval_ms");
      const panel = row(page, "toolchain.c2.beacon_interval_ms").locator(".panel");
      const first = panel.locator(".transitions > li").first();
      await first.waitFor();
      expect(await panel.locator(".transitions > li").count()).toBe(3);
      expect(await first.locator(".turned").innerText()).toMatch(/stable[\s→]+drifting[\s]+at 80.4/);
      expect(await first.locator(".why").innerText()).toBe(
        "Came in: 100. The mean (EWMA) moved by 34 % from the window before; 30 % count as drift. " +
          "Margin: 4 percentage points. 5 observations in the recent window, 2 in the one before. Rule mean_shifted",
      );
      await first.getByText("7 observations with their evidence").click();
      await first.locator("tbody tr").nth(6).waitFor();
      expect(await first.locator("tbody tr").first().innerText()).toMatch(
        /recent · came in.*100\s+browser:\d+/s,
      );
      expect(await first.locator("tbody td:first-child").allTextContents()).toEqual([
        "recent · came in",
        ...Array<string>(4).fill("recent"),
        ...Array<string>(2).fill("older"),
      ]);
      expect(heard()).toEqual([]);
    });

    it("the timeline is one stop of Tab; arrows go through it, Enter shows the states as of then", async () => {
      const { page, heard } = await open();
      const timeline = page.getByRole("group", { name: "Timeline" });
      expect(await timeline.locator("button").count()).toBeGreaterThan(20);
      expect(await timeline.locator('button[tabindex="0"]').count()).toBe(1);
      // From the last row before it.
      await page.locator(".primitive-name").last().focus();
      await page.keyboard.press("Tab");
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");
      expect(await focused()).toMatch(/: .*→|: first state/);
      const ring = await page.evaluate(() => {
        const style = document.activeElement ? getComputedStyle(document.activeElement) : null;
        return { style: style?.outlineStyle, width: Number.parseFloat(style?.outlineWidth ?? "0") };
      });
      expect(ring.style).toBe("solid");
      expect(ring.width).toBeGreaterThanOrEqual(2);
      const target = timeline.getByRole("button", {
        name: /^motor\.input_modality: first state: unknown, .*\d\d:\d\d:\d\d/,
      });
      await target.focus();
      await page.keyboard.press("End");
      expect(await focused()).toMatch(/^motor\.input_modality: conflicted → multi-actor, /);
      await page.keyboard.press("ArrowLeft");
      expect(await focused()).toMatch(/^motor\.input_modality: unknown → conflicted, /);
      await page.keyboard.press("ArrowDown");
      expect(await focused()).toMatch(/^motor\.keystroke_cadence: unknown → conflicted, /);
      expect(await timeline.locator('button[tabindex="0"]').count()).toBe(1);
      await page.keyboard.press("Enter");
      await page.locator("label[for=as-of]").getByText("States as of").waitFor();
      // Two hours later it took turns; then it was in conflict.
      await page
        .locator('.primitive[data-primitive="motor.keystroke_cadence"][data-state="conflicted"]')
        .waitFor();
      expect(new URL(page.url()).searchParams.get("at")).toBe(String(endTs - 3 * 3_600));
      expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-current"))).toBe("time");
      await page.keyboard.press("Tab");
      expect(await timeline.evaluate((element) => element.contains(document.activeElement))).toBe(false);
      await page.keyboard.press("Shift+Tab");
      expect(await focused()).toMatch(/^motor\.keystroke_cadence: unknown → conflicted, /);
      expect(heard()).toEqual([]);
    });

    it("what changed together stands in one column of the timeline", async () => {
      const { page } = await open();
      const placeOf = async (name: RegExp) =>
        (await page.getByRole("button", { name }).boundingBox())?.x ?? Number.NaN;
      const [modality, cadence, load] = [
        await placeOf(/^motor\.input_modality: conflicted → multi-actor/),
        await placeOf(/^motor\.keystroke_cadence: conflicted → multi-actor/),
        await placeOf(/^cognitive\.cognitive_load: stable → conflicted/),
      ];
      expect(cadence).toBe(modality);
      expect(load).toBe(modality);
      expect(await placeOf(/^motor\.input_modality: first state/)).toBeLessThan(modality);
    });

    it("the time slider goes by keys, and the buttons from change to change", async () => {
      const { page, heard } = await open();
      const at = () => new URL(page.url()).searchParams.get("at");
      await page.locator("#as-of").focus();
      await page.keyboard.press("PageDown");
      await page.waitForURL(/at=/);
      await page.getByRole("button", { name: "Now", exact: true }).click();
      await page.getByText("States as they are now").waitFor();
      expect(at()).toBeNull();
      await page.getByRole("button", { name: "previous change" }).click();
      await page.waitForURL(/at=/);
      const first = Number(at());
      await page.getByRole("button", { name: "previous change" }).click();
      await page.waitForFunction(
        (before) => Number(new URL(location.href).searchParams.get("at")) < before,
        first,
      );
      await page.getByRole("button", { name: "next change" }).click();
      await page.waitForFunction(
        (before) => Number(new URL(location.href).searchParams.get("at")) === before,
        first,
      );
      expect(heard()).toEqual([]);
    });

    it("a transition that comes while the page is open is marked as new, in its row and its event", async () => {
      const { page, heard } = await open();
      await page.locator('.live[data-connection="live"]').waitFor();
      expect(await page.locator(".new-mark").count()).toBe(0);
      const event = observation(WINNER_ATTACKER, "temporal.live_test", "x", endTs + 60, 9_000);
      await stage.world.client.sendEvents([event]);
      const own = row(page, "temporal.live_test");
      await own.getByText("new", { exact: true }).waitFor();
      expect(await own.getAttribute("data-fresh")).toBe("true");
      const listed = page.locator('.transitions li[data-fresh="true"]');
      expect(await listed.locator(".new-mark").allTextContents()).toEqual(["new"]);
      expect(await page.locator('.primitive[data-fresh="true"]').count()).toBe(1);
      expect(await page.locator('.turn-mark[data-fresh="true"]').count()).toBe(1);
      expect(heard()).toEqual([]);
    });

    it("one that is not known is said so, with a way back", async () => {
      const { page } = await stage.open(`/identity/${crypto.randomUUID()}`);
      await page.getByText("No such identity.").waitFor();
      await page.getByRole("link", { name: "All identities" }).click();
      await page.locator("tr[data-uuid]").first().waitFor();
      expect(new URL(page.url()).pathname).toBe("/");
    });

    it.each([
      ["light", 1_280],
      ["dark", 1_280],
      ["light", 360],
      ["dark", 360],
    ] as const)("in %s at %d px: nothing serious to axe-core, nothing cut off", async (scheme, width) => {
      const { page, heard } = await open();
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      for (const primitive of ["toolchain.c2.beacon_interval_ms", "toolchain.ssh.hassh_client"]) {
        await page.goto(`${stage.world.url}/identity/${winnerUuid}?open=${primitive}&at=${endTs - 3_600}`);
        await row(page, primitive).locator(".series-chart .plot canvas").waitFor();
        await row(page, primitive).getByText("with their evidence").first().click();
        await row(page, primitive).locator(".windows tbody tr").first().waitFor();
        expect(await findings(page), primitive).toEqual([]);
        expect(await excessOf(page), primitive).toBe(0);
      }
      expect(heard()).toEqual([]);
    });
  },
);
