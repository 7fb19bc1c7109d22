/** How far the bench is: a bar on a terminal, a plain line now and then elsewhere. On standard error. */
import { SingleBar } from "cli-progress";

const PLAIN_LINE_MS = 10_000;
const FORMAT = "{bar} {percentage} % | {suite}: {what} | {duration_formatted}";

/** Something that shows progress, counted in steps. */
export interface BenchProgress {
  begin(suite: string): void;
  step(what: string): void;
  stop(): void;
}

/** The display that fits the stream. */
export function showBenchProgress(
  steps: number,
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean },
): BenchProgress {
  const bar = stream.isTTY ? new SingleBar({ format: FORMAT, stream, hideCursor: true }) : null;
  let [done, suite, shownMs] = [0, "", 0];
  bar?.start(steps, 0, { suite, what: "starting" });
  return {
    begin(name) {
      suite = name;
      bar?.update(done, { suite, what: "starting" });
      if (!bar) stream.write(`${suite}\n`);
    },
    step(what) {
      done++;
      bar?.update(done, { suite, what });
      if (bar || Date.now() - shownMs < PLAIN_LINE_MS) return;
      shownMs = Date.now();
      stream.write(`  ${Math.floor((done / steps) * 100)} %, ${what}\n`);
    },
    stop: () => bar?.stop(),
  };
}
