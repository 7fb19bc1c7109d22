/** Sentences with links to primitives and exact times as tooltips. */
import type { Sentence } from "../evidence-words.ts";
import { exactTime } from "../words.ts";

/** @param uuid - of the identity whose primitives are named */
export function SentenceOf({ sentence, uuid }: { sentence: Sentence; uuid: string }) {
  return (
    <>
      {sentence.map((part, i) => {
        if (typeof part === "string") return <WithValues key={i} text={part} />;
        if ("ts" in part) {
          return (
            <time key={i} dateTime={new Date(part.ts * 1_000).toISOString()} title={exactTime(part.ts)}>
              {part.words}
            </time>
          );
        }
        return (
          <a key={i} href={`/identity/${uuid}?open=${part.primitive}`} title={part.primitive}>
            {part.words}
          </a>
        );
      })}
    </>
  );
}

/** Text in which values stand between backticks. */
export function WithValues({ text }: { text: string }) {
  return <>{text.split("`").map((piece, i) => (i % 2 === 1 ? <code key={i}>{piece}</code> : piece))}</>;
}
