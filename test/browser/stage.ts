/** What the browser tests of one file share: a Worker with something to show, and a browser whose pages close after each test. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { TestBrowser } from "./chromium.ts";
import { startWorld, type World, type WorldOptions } from "./dashboard-world.ts";
import { openSignedIn, type SignedIn } from "./signed-in.ts";

/** There from the first `beforeAll` of the file to its last test. */
export interface Stage {
  readonly world: World;
  readonly browser: TestBrowser;
  /** Opens a page anew and signs in there; with the reader's token, unless another one is given. */
  readonly open: (path?: string, token?: string) => Promise<SignedIn>;
}

/** Starts both before the tests, and stops both after them. @param chromium - as `findChromium` found it */
export function useStage(chromium: string | null, options: WorldOptions = {}): Stage {
  let world: World | undefined;
  let browser: TestBrowser | undefined;

  beforeAll(async () => {
    world = await startWorld(options);
    browser = await TestBrowser.start(chromium ?? "");
  }, 300_000);

  afterEach(() => browser?.closePages());

  afterAll(async () => {
    await browser?.stop();
    await world?.stop();
  });

  const stage = {
    get world() {
      if (!world) throw new Error("the Worker must have been started");
      return world;
    },
    get browser() {
      if (!browser) throw new Error("the browser must have been started");
      return browser;
    },
    open: (path?: string, token?: string) => openSignedIn(stage.browser, stage.world.url, path, token),
  };
  return stage;
}
