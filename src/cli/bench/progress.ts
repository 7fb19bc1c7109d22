/** Shows the progress of the bench on standard error: a bar on a terminal, otherwise a line every few seconds. */
import { SingleBar } from "cli-progress";

const PLAIN_LINE_MS = 10_000;
const FORMAT = "{bar} {percentage} % | {suite}: {what} | {duration_formatted}";

/** A progress display that counts steps. */
interface BenchProgress {
  begin(suite: string): void;
  step(what: string): void;
  stop(): void;
}

/** The display for a stream: a bar for a terminal, lines for anything else. */
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
