/** Pages of the dashboard as somebody sees them who has signed in, and what axe-core finds on a page. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import type { TestBrowser } from "./chromium.ts";

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A page behind the sign-in. */
export interface SignedIn {
  readonly page: Page;
  /** What the page complained about by now; errors, warnings, violations of its policy, requests that failed. */
  readonly heard: () => string[];
}

/** Opens a page anew and signs in there with a token. */
export async function openSignedIn(
  browser: TestBrowser,
  url: string,
  path = "/",
  token = "dev-read-token",
): Promise<SignedIn> {
  const { page, complaints } = await browser.open(url);
  // What is on its way is cut off by leaving its page: a stream always, a further page of the list now and then.
  const isCutOff = (each: string) => /^failed: .*(\/events(\?|$)|[?&]cursor=)/.test(each);
  await page.context().clearCookies();
  await page.goto(url + path);
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#content").waitFor();
  return { page, heard: () => complaints.filter((each) => !isCutOff(each)) };
}

/** Serious findings of axe-core, by rule and place. */
export async function findings(page: Page): Promise<string[]> {
  // Not as a script of the page, which its policy would refuse.
  await page.evaluate(await axe);
  return page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as {
      axe: {
        run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations } = await checker.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  });
}

/** How far a page is wider than its window, px. */
export function excessOf(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
}
