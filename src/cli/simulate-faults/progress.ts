/** How far a campaign is: a bar on a terminal, a plain line now and then elsewhere. On standard error. */
import { SingleBar } from "cli-progress";

const PLAIN_LINE_MS = 15_000;
const FORMAT = "{name} {bar} {value}/{total} | {failed} failed | {eta_formatted} left";

/** Something that shows progress, counted in tests. */
export interface TestProgress {
  /** So many tests more. */
  expect(tests: number): void;
  /** One test more is done. */
  done(failed: number): void;
  stop(): void;
}

/** The display that fits the stream. */
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
