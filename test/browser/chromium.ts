/**
 * A real browser for tests of pages: the machine's own Chromium, driven by playwright-core. It talks to nobody but the
 * pages it is shown.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Path of a browser on this machine, or null. `CHROMIUM_PATH` names another one. */
export function findChromium(): string | null {
  const named = process.env["CHROMIUM_PATH"];
  if (named) return named;
  for (const name of NAMES) {
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      continue;
    }
  }
  return null;
}

/** Shown by a test that skips because there is no browser. */
export const NO_BROWSER = `skipped: no browser found (${NAMES.join(", ")}; CHROMIUM_PATH names another)`;

/** A page, and everything it complained about. */
export interface Watched {
  readonly page: Page;
  /** Errors and warnings of the console, errors nobody caught, requests that failed or went elsewhere. */
  readonly complaints: string[];
}

/** A browser with a profile of its own, which is gone afterwards. */
export class TestBrowser {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  /** @param executablePath - as `findChromium` found it */
  static async start(executablePath: string): Promise<TestBrowser> {
    const profile = await mkdtemp(join(tmpdir(), "browser-test-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
      viewport: { width: 1_280, height: 900 },
    });
    return new TestBrowser(context, profile);
  }

  /** A new page that is listened to. @param origin - where it may ask; whatever it asks elsewhere is a complaint */
  async open(origin: string): Promise<Watched> {
    const page = await this.#context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) complaints.push(`elsewhere: ${url}`);
    });
    return { page, complaints };
  }

  /** Closes what a test left open: the streams of a few pages take all the connections that a browser allows to a host. */
  async closePages(): Promise<void> {
    await Promise.all(this.#context.pages().map((page) => page.close()));
  }

  async stop(): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 3 });
  }
}
