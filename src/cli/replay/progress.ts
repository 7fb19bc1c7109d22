/**
 * Shows the progress of the replay: a bar with rate and remaining time on a terminal, otherwise a line every few seconds. It
 * writes to standard error, so that standard output holds the result only.
 */
import { SingleBar } from "cli-progress";

/** What is shown. */
interface ProgressState {
  /** Bytes of the files read so far. */
  readonly bytesRead: number;
  readonly sessions: number;
  readonly observations: number;
}

/** The stream that progress is written to; a terminal gets a bar. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** A progress display. */
interface ProgressDisplay {
  update(state: ProgressState): void;
  /** Writes a separate line, e.g. about a retry. */
  note(text: string): void;
  stop(): void;
}

const PLAIN_LINE_MS = 5_000;
const FORMAT =
  "{bar} {percentage} % | {sessions} sessions | {observations} observations, {rate}/s | {eta_formatted} left";

/** The display for a stream.
 * @param totalBytes - sum of the sizes of all files
 */
export function showProgress(totalBytes: number, stream: ProgressStream): ProgressDisplay {
  const beginMs = Date.now();
  const rateOf = (observations: number) =>
    Math.round(observations / Math.max((Date.now() - beginMs) / 1_000, 0.001));
  return stream.isTTY ? barOn(stream, totalBytes, rateOf) : linesOn(stream, totalBytes, rateOf);
}

function barOn(stream: ProgressStream, totalBytes: number, rateOf: (n: number) => number): ProgressDisplay {
  const bar = new SingleBar({ format: FORMAT, stream, hideCursor: true, clearOnComplete: false });
  bar.start(totalBytes, 0, { sessions: 0, observations: 0, rate: 0 });
  return {
    update: ({ bytesRead, sessions, observations }) =>
      bar.update(bytesRead, { sessions, observations, rate: rateOf(observations) }),
    note: (text) => void stream.write(`\n${text}\n`),
    stop: () => bar.stop(),
  };
}

function linesOn(stream: ProgressStream, totalBytes: number, rateOf: (n: number) => number): ProgressDisplay {
  let shownMs = Date.now();
  return {
    update: ({ bytesRead, sessions, observations }) => {
      if (Date.now() - shownMs < PLAIN_LINE_MS) return;
      shownMs = Date.now();
      const percent = totalBytes === 0 ? 100 : Math.floor((bytesRead / totalBytes) * 100);
      stream.write(
        `${percent} % read, ${sessions} sessions, ${observations} observations, ${rateOf(observations)}/s\n`,
      );
    },
    note: (text) => void stream.write(`${text}\n`),
    stop: () => {},
  };
}
