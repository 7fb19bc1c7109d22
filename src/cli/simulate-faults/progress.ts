/** Progress of a campaign on standard error: a bar on a terminal, elsewhere a plain line every 15 seconds. */
import { SingleBar } from "cli-progress";

const PLAIN_LINE_MS = 15_000;
const FORMAT = "{name} {bar} {value}/{total} | {failed} failed | {eta_formatted} left";

/** Shows progress, counted in tests. */
export interface TestProgress {
  /** Adds tests to the total. */
  expect(tests: number): void;
  /** Counts a test that ended. */
  done(failed: number): void;
  stop(): void;
}

/** Chooses the display by whether the stream is a terminal. */
export function showTestProgress(
  name: string,
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean },
): TestProgress {
  const bar = stream.isTTY ? new SingleBar({ format: FORMAT, stream, hideCursor: true }) : null;
  let [total, value, shownMs] = [0, 0, Date.now()];
  bar?.start(0, 0, { name, failed: 0 });
  return {
    expect(tests) {
      total += tests;
      bar?.setTotal(total);
    },
    done(failed) {
      value++;
      bar?.update(value, { failed });
      if (bar || Date.now() - shownMs < PLAIN_LINE_MS) return;
      shownMs = Date.now();
      stream.write(`${name}: ${value} of ${total} tests, ${failed} failed\n`);
    },
    stop: () => bar?.stop(),
  };
}
