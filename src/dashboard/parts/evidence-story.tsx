/** What the header of an identity says of its evidence: alike since when, likely changes, proven changes, commands. */
import { commandsWords } from "../operator-words.ts";
import { storyOf } from "../evidence-words.ts";
import { nowTs, type Loaded } from "../resource.ts";
import type { Evidence } from "../schemas.ts";
import { ChangeMark } from "./mark.tsx";
import { SentenceOf } from "./sentence.tsx";

export function EvidenceStory({ uuid, evidence }: { uuid: string; evidence: Loaded<Evidence> }) {
  const { value, error, errorCode } = evidence;
  if (errorCode === "evidence_off") return null;
  if (value === null) {
    return (
      <p class="banner story quiet">
        {error === null ? "Evidence …" : `Evidence could not be read. ${error}`}
      </p>
    );
  }
  const { level, sentences } = storyOf(value, nowTs.value);
  const commands = commandsWords(value.commands);
  if (sentences.length === 0 && commands === null) {
    return (
      <p class="banner story quiet">No evidence yet: nothing has been observed that it is computed from.</p>
    );
  }
  return (
    <div class="banner story" data-level={level} role="status">
      <p>
        {level === "changed" && <ChangeMark />}
        {sentences.map((sentence, i) => (
          <span class="story-sentence" key={i}>
            <SentenceOf sentence={sentence} uuid={uuid} />{" "}
          </span>
        ))}
      </p>
      {commands !== null && <p class="small">{commands}</p>}
    </div>
  );
}
