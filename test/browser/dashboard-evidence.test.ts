/** Evidence in a real browser, on a real Worker: an identity whose habits changed once, one that two operators share. */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { findScenario } from "../../src/simulate/index.ts";
import { randomOf } from "../../src/simulate/random.ts";
import { findChromium, NO_BROWSER } from "./chromium.ts";
import { observation } from "./dashboard-world.ts";
import { excessOf, findings } from "./signed-in.ts";
import { useStage } from "./stage.ts";

const chromium = findChromium();
const BEACON = "toolchain.c2.beacon_interval_ms";
const MODALITY = "motor.input_modality";
/** One that changes while its page is open. */
const LIVE_ATTACKER = "5e1f0c7a-3b1d-4a80-9d55-000000000077";
const COMMANDS_ATTACKER = "5e1f0c7a-3b1d-4a80-9d55-000000000078";

describe.skipIf(chromium === null)(
  `[dashboard] evidence${chromium === null ? ` (${NO_BROWSER})` : ""}`,
  { timeout: 300_000 },
  () => {
    const scenarios = ["steady-operator", "new-habits", "shared-account"].flatMap(
      (name) => findScenario(name) ?? [],
    );
    const stage = useStage(chromium, { many: 0, scenarios });
    /** Identities by scenario. */
    const uuids = new Map<string, string>();
    const endTs = Math.floor(Date.now() / 1_000) - 600;
    const random = randomOf(1, [7]);
    let n = 0;

    const identityOf = async (attackerUuid: string) =>
      (await stage.world.client.attribution(attackerUuid))?.identity_uuid ?? "";
    /** Observations of one primitive, five minutes apart, the last of them `backSecs` ago. */
    const observed = (attacker: string, primitive: string, values: readonly unknown[], backSecs: number) =>
      values.map((value, i) =>
        observation(attacker, primitive, value, endTs - backSecs - (values.length - 1 - i) * 300, (n += 1)),
      );
    const send = async (events: readonly ReturnType<typeof observation>[]) => {
      const { observations } = await stage.world.client.stats();
      await stage.world.client.sendEvents([...events]);
      const expectedObservations = observations + events.length;
      const { applied, message } = await stage.world.client.waitUntilApplied({ expectedObservations });
      if (!applied) throw new Error(`the observations must have been applied: ${message}`);
    };

    beforeAll(async () => {
      const pauses = Array.from({ length: 40 }, () => random.integer(130, 150));
      const words = Array.from({ length: 8 }, (_, i) => [i === 7 ? "ffffffffffffffff" : "0123456789abcdef"]);
      await send([
        ...observed(LIVE_ATTACKER, BEACON, pauses, 12_000),
        ...observed(COMMANDS_ATTACKER, "cognitive.command_words", words, 0),
        ...observed(COMMANDS_ATTACKER, MODALITY, Array<string>(8).fill("typed"), 0),
      ]);
      for (const { attackerUuid, scenario } of stage.world.attackers) {
        uuids.set(scenario.name, await identityOf(attackerUuid));
      }
      uuids.set("live", await identityOf(LIVE_ATTACKER));
      uuids.set("commands", await identityOf(COMMANDS_ATTACKER));
    }, 300_000);

    const open = async (name: string, view = "") => {
      const opened = await stage.open(`/identity/${uuids.get(name)}${view}`);
      await opened.page.locator(".primitive").first().waitFor();
      return opened;
    };
    const row = (page: Page, primitive: string) => page.locator(`.primitive[data-primitive="${primitive}"]`);
    const story = (page: Page) => page.locator(".identity-head .story");

    it("the header says when which habits changed, from what to what, how sure, and since when it is alike", async () => {
      const { page, heard } = await open("new-habits");
      const words = await story(page).innerText();
      expect(words).toMatch(/^Changed on \d+ \w+: /);
      expect(words).toMatch(/beacon interval went from (59|6\d),\d00 to (6|7)\d,\d00 ms \(E = \d,\d00\)/);
      expect(words).toMatch(
        /input modality: typed went from \d\d % to \d+ %, pasted went from \d+ % to \d\d %/,
      );
      expect(words).toMatch(/Has behaved alike since then, \d+ sessions\.$/);
      expect(await story(page).getAttribute("data-level")).toBe("changed");
      expect(await story(page).locator("time").first().getAttribute("title")).toMatch(/\d\d:\d\d:\d\d/);
      await story(page).getByRole("link", { name: "beacon interval" }).click();
      await row(page, BEACON).locator(".evidence-chart canvas").waitFor();
      expect(heard()).toEqual([]);
    });

    it("an identity that never changed is said to be alike, or too short to tell; by one operator", async () => {
      const { page, heard } = await open("steady-operator");
      expect(await story(page).innerText()).toBe(
        "Too few observations to tell whether anything changed: 7 observations of a primitive at most, 16 are needed.",
      );
      expect(await page.locator(".estimate").innerText()).toBe(
        "Taken as one operator. 7 sessions, of 8 that are needed to tell operators apart.",
      );
      expect(await page.locator(".sessions").count()).toBe(0);
      expect(await page.locator(".change-line").count()).toBe(0);
      expect(heard()).toEqual([]);
    });

    it("under each strip stands E with its two lines, and each proven change on the strip's axis", async () => {
      const { page, heard } = await open("new-habits");
      const gauges = page.locator(".primitive .gauge svg");
      expect(await gauges.count()).toBe(await page.locator(".primitive").count());
      for (const label of await gauges.evaluateAll((all) =>
        all.map((each) => each.getAttribute("aria-label")),
      )) {
        expect(label).toMatch(/^evidence of a change: E = [\d.,]+; noted from 100, changed from 3,200$/);
      }
      const changes = row(page, BEACON).locator(".change-line");
      expect(await changes.getAttribute("aria-label")).toMatch(
        /^changed .*\d\d:\d\d:\d\d.*: beacon interval went from .* ms \(median \+\d+ %, E = \d,\d00\)\.$/,
      );
      // About the middle of its 96 sessions.
      const strip = await row(page, BEACON).locator("svg.strip").boundingBox();
      const mark = await changes.locator(".change-mark").boundingBox();
      const share = ((mark?.x ?? 0) + (mark?.width ?? 0) / 2 - (strip?.x ?? 0)) / (strip?.width ?? 1);
      expect(share).toBeGreaterThan(0.35);
      expect(share).toBeLessThan(0.65);
      expect(await row(page, "environmental.keyboard_layout").locator(".change-line").count()).toBe(0);
      // Values stand in it as they are: only text on the page marks them.
      const modality = row(page, MODALITY).locator(".change-line");
      expect(await modality.getAttribute("aria-label")).toMatch(
        /: input modality: typed went from \d+ % to \d+ %, /,
      );
      const marks = page.locator(".turn-mark:has(.mark-changed)");
      const labels = await marks.evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")));
      expect(labels.join("\n")).toMatch(/proven change: input modality: typed went from \d+ % to \d+ %, /);
      expect(heard()).toEqual([]);
    });

    it("E over time is loaded when its chart is opened, tells each observation by pointer and by keys", async () => {
      const { page, heard } = await open("new-habits");
      const asked: string[] = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      await row(page, BEACON).locator(".primitive-name").click();
      const chart = row(page, BEACON).locator(".evidence-chart");
      await chart.locator("canvas").waitFor();
      expect(asked.filter((path) => path.endsWith("/evidence-path"))).toHaveLength(1);
      expect(await chart.locator(".plot").getAttribute("aria-label")).toMatch(
        /: E over time on a logarithmic axis, 96 observations, 1 proven change, E now [\d.]+; noted from 100, changed from 3,200$/,
      );
      expect(await chart.locator(".legend .key").allInnerTexts()).toEqual([
        "E",
        "noted from 100",
        "changed from 3,200",
      ]);
      const walk = chart.getByLabel("Go through the observations");
      await walk.focus();
      await page.keyboard.press("Home");
      const words = chart.locator(".path-words");
      await words.getByText(/^Observation 1, .*: E = 1; no evidence of a change$/).waitFor();
      await page.keyboard.press("ArrowRight");
      await words.getByText(/^Observation 2, /).waitFor();
      expect(await walk.getAttribute("aria-valuetext")).toBe(await words.innerText());
      expect(await chart.locator(".legend-time").innerText()).toMatch(/\d\d:\d\d:\d\d/);
      const over = await chart.locator(".u-over").boundingBox();
      if (!over) throw new Error("the chart must have been drawn");
      await page.mouse.move(over.x + over.width - 1, over.y + over.height / 2);
      await words.getByText(/^Observation 96, /).waitFor();
      expect(await chart.locator(".changes li").innerText()).toMatch(/Began about .*; proven at .*\.$/);
      expect(heard()).toEqual([]);
    });

    it("where the rule says something else than the evidence, both are shown, and a sentence says why", async () => {
      const { page } = await open("new-habits");
      const said = row(page, BEACON).locator(".disagreement");
      expect(await row(page, BEACON).getAttribute("data-state")).toBe("stable");
      expect(await said.innerText()).toMatch(
        /^Rule and evidence differ\. The rule looks at the last 10 observations; all of them came after the change that began on \d+ \w+, .* Evidence compares all 96 \(E = \d,\d00\)\.$/,
      );
      expect(await row(page, "motor.keystroke_cadence").locator(".disagreement").count()).toBe(0);
      const { page: shared } = await open("shared-account");
      expect(await row(shared, MODALITY).getAttribute("data-state")).toBe("conflicted");
      expect(await row(shared, MODALITY).locator(".disagreement").innerText()).toMatch(
        /Over all 80 observations, .* Taking turns is no change: the sessions are best explained by 2 operators\.$/,
      );
    });

    it("sessions by operator: one stop of Tab, arrows from one to the next, words, a legend, a table", async () => {
      const { page, heard } = await open("shared-account");
      expect(await page.locator(".estimate").innerText()).toMatch(
        /^Two operators\. The last 64 sessions are better explained by 2 than by fewer \(gain in log-likelihood [\d.]+, where [\d.]+ is needed\)\. From one session to the next the operator changes \d+ times; the last session is of operator \d\.$/,
      );
      const sessions = page.locator(".sessions");
      expect(await sessions.locator("button").count()).toBe(64);
      expect(await sessions.locator('button[tabindex="0"]').count()).toBe(1);
      expect(
        new Set(
          await sessions
            .locator("button")
            .evaluateAll((all) => all.map((each) => each.getAttribute("data-operator"))),
        ),
      ).toEqual(new Set(["0", "1"]));
      await sessions.locator("button").last().focus();
      await page.keyboard.press("ArrowLeft");
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");
      expect(await focused()).toMatch(
        /^Session 63 of 64, .*: operator \d, probability \d+ %, attacker [0-9a-f]{8}$/,
      );
      expect(await page.locator(".session-words").innerText()).toBe(await focused());
      await page.keyboard.press("Home");
      expect(await focused()).toMatch(/^Session 1 of 64, /);
      expect(await sessions.locator('button[tabindex="0"]').count()).toBe(1);
      await sessions.locator("button").nth(9).hover();
      await page.locator(".session-words").getByText("Session 10 of 64").waitFor();
      const legend = page.locator(".operator-legend li");
      expect(await legend.count()).toBe(2);
      expect((await legend.allInnerTexts()).join("\n")).toMatch(
        /operator 0 .*steady[^]*operator 1 .*hunt_and_peck/,
      );
      await page.getByText("The sessions as a table").click();
      expect(await page.locator(".operators tbody tr").count()).toBe(64);
      await sessions.locator("button").first().click();
      await page.locator("label[for=as-of]").getByText("States as of").waitFor();
      expect(heard()).toEqual([]);
    });

    it("says how usual the commands of the last session are", async () => {
      const { page } = await open("commands");
      expect(await story(page).innerText()).toMatch(
        /The commands of the last session are (as usual|unusual) for this identity \(p = \d\.\d\d, score -?[\d.]+\)\.$/,
      );
    });

    it("the list: evidence in a column, filter and order; the overview counts and leads there", async () => {
      const { page, heard } = await stage.open("/overview");
      const tiles = page.locator(".tiles-evidence a");
      await tiles.first().waitFor();
      const counts = await tiles.allInnerTexts();
      expect(counts.map((each) => each.replaceAll(/\s+/g, " ").trim())).toEqual([
        expect.stringMatching(/^unchanged \d no proven change$/),
        expect.stringMatching(/^changed within a day \d proven in the last 24 hours$/),
        expect.stringMatching(/^several operators 1 by the last estimate$/),
      ]);
      await page.getByRole("link", { name: "several operators" }).click();
      const rows = page.locator("tr[data-uuid]");
      const shown = () => rows.evaluateAll((all) => all.map((each) => each.getAttribute("data-uuid")));
      await rows.first().waitFor();
      expect(await shown()).toEqual([uuids.get("shared-account")]);
      expect(await rows.first().locator(".evidence-cell").innerText()).toMatch(
        /^unchanged\s+E [\d.]+ · 2 operators$/,
      );
      await page.getByLabel("Evidence").selectOption("changed");
      await page.locator(`tr[data-uuid="${uuids.get("new-habits")}"]`).waitFor();
      expect(await shown()).toEqual([uuids.get("new-habits")]);
      expect(await rows.first().locator(".evidence-cell").innerText()).toMatch(
        /^\s*changed \d+ days? ago\s+E [\d.]+$/,
      );
      expect(new URL(page.url()).searchParams.get("evidence")).toBe("changed");
      await page.getByRole("button", { name: "Clear" }).click();
      await page.locator(`tr[data-uuid="${uuids.get("live")}"]`).waitFor();
      await page.goto(`${stage.world.url}/?sort=evidence_changed`);
      await rows.first().waitFor();
      expect((await shown())[0]).toBe(uuids.get("new-habits"));
      const head = page.locator(".page-head");
      expect(await head.innerText()).not.toContain("3.125");
      await page.getByRole("button", { name: "Evidence" }).click();
      await head
        .getByText("5 identities; below E = 3.125 in order of last change", { exact: true })
        .waitFor();
      expect(heard()).toEqual([]);
    });

    it("a change that is proven while the page is open appears in header, marks, timeline and events", async () => {
      const { page, heard } = await open("live", `?open=${BEACON}`);
      await page.locator('.live[data-connection="live"]').waitFor();
      expect(await story(page).innerText()).toMatch(/^Has behaved alike since \d+ \w+, 40 sessions\.$/);
      expect(await page.locator(".change-line").count()).toBe(0);
      const slower = Array.from({ length: 40 }, () => random.integer(220, 240));
      await send(observed(LIVE_ATTACKER, BEACON, slower, 0));
      await story(page)
        .getByText(/^ ?Changed on /)
        .waitFor();
      expect(await story(page).innerText()).toMatch(
        /^Changed on \d+ \w+: beacon interval went from 1[34]\d to 2[23]\d ms \(E = [\d,]+\)/,
      );
      await row(page, BEACON).locator(".change-mark").waitFor();
      await page.locator(".evidence-chart .plot[aria-label*='1 proven change']").waitFor();
      expect(await page.locator(".turn-mark .mark-changed").count()).toBe(1);
      await page
        .locator('.transitions li[data-fresh="true"]')
        .getByText(/^proven change: beacon interval went from/)
        .first()
        .waitFor();
      expect(heard()).toEqual([]);
    });

    it("nothing moves while the page of an identity loads", async () => {
      const { page } = await open("shared-account");
      await page.locator(".operator-legend").waitFor();
      const moved = await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            let sum = 0;
            new PerformanceObserver((list) => {
              for (const entry of list.getEntries()) {
                // As browsers report it: what followed an input of the user does not count.
                const { value, hadRecentInput } = entry as unknown as {
                  value: number;
                  hadRecentInput: boolean;
                };
                if (!hadRecentInput) sum += value;
              }
            }).observe({ type: "layout-shift", buffered: true });
            setTimeout(() => resolve(sum), 500);
          }),
      );
      expect(moved).toBeLessThan(0.1);
    });

    it.each([
      ["light", 1_280],
      ["dark", 1_280],
      ["light", 360],
      ["dark", 360],
    ] as const)("in %s at %d px: nothing serious to axe-core, nothing cut off", async (scheme, width) => {
      const { page, heard } = await open("shared-account");
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      for (const [name, primitive] of [
        ["shared-account", MODALITY],
        ["new-habits", BEACON],
      ] as const) {
        await page.goto(`${stage.world.url}/identity/${uuids.get(name)}?open=${primitive}`);
        await row(page, primitive).locator(".evidence-chart canvas").waitFor();
        expect(await findings(page), name).toEqual([]);
        expect(await excessOf(page), name).toBe(0);
      }
      for (const path of ["/?evidence=unchanged", "/overview"]) {
        await page.goto(stage.world.url + path);
        await page.locator("tr[data-uuid], .tiles-evidence").first().waitFor();
        expect(await findings(page), path).toEqual([]);
        expect(await excessOf(page), path).toBe(0);
      }
      expect(heard()).toEqual([]);
    });
  },
);
