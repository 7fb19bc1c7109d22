/** Sentences with links to primitives and exact times as tooltips. */
import type { Sentence } from "../evidence-words.ts";
import { Time } from "./time.tsx";

/** @param uuid - of the identity whose primitives are named */
export function SentenceOf({ sentence, uuid }: { sentence: Sentence; uuid: string }) {
  return (
    <>
      {sentence.map((part, i) => {
        if (typeof part === "string") return <WithValues key={i} text={part} />;
        if ("ts" in part) {
          return (
            <Time key={i} ts={part.ts}>
              {part.words}
            </Time>
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
