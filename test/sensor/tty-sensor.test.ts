import { describe, expect, it } from "vitest";
import { TtySensor } from "../../src/sensor/index.ts";
import { unitsOf } from "../../src/sensor/keystrokes.ts";
import {
  cadenceClass,
  feedbackFindings,
  modalityClass,
  pasteRateClass,
} from "../../src/sensor/tty-findings.ts";
import { BEGIN_TS, confidenceOf, keys, messagesOf, recording, valuesOf } from "./messages.ts";

const MODALITY = "motor.input_modality";
const PASTES = "motor.paste_burst_rate";
const CADENCE = "motor.keystroke_cadence";
const CHUNKING = "motor.command_chunking";
const CORRECTION = "motor.error_correction";
const TABS = "motor.shell_mastery.tab_completion";
const SHORTCUTS = "motor.shell_mastery.shortcut_usage";
const LATENCY = "cognitive.inter_command_latency_class";
const CONSISTENCY = "cognitive.inter_command_consistency";
const FEEDBACK = "cognitive.feedback_loop_engagement";
const EXIT = "temporal.lifecycle_markers.exit_behavior";

const only = (lines: readonly unknown[]) => messagesOf(new TtySensor(), lines)[0];
const valueOf = (lines: readonly unknown[], primitive: string) => valuesOf(only(lines))[primitive];
const kinds = (inputs: readonly (readonly [number, string])[], firstOutputTs: number | null = null) =>
  unitsOf(
    inputs.map(([ts, text]) => ({ ts, text })),
    firstOutputTs,
  ).map((unit) => unit.kind);

const gapsBetweenKeys = (gaps: readonly number[]) => {
  let secs = 1;
  return recording([[secs, "a"], ...gaps.map((gap): [number, string] => [(secs += gap), "a"])]);
};
const lineWithPause = (begin: number, gap: number): [number, string][] => [
  ...keys("aaa", begin, 0.2),
  ...keys("aa\r", begin + 0.6 + gap, 0.2),
];
const typed = (count: number) => keys("a".repeat(count), 1, 0.2);
const typedLines = (texts: readonly string[]) =>
  recording(texts.flatMap((text, index) => keys(`${text}\r`, 1 + index * 10, 0.2)));
const feedbackOf = (pauses: number[], outputs: number[]) => feedbackFindings(pauses, outputs)[0]?.value;

describe("[units] inputs are grouped", () => {
  it("keys are single characters, two or three delivered together, arrows, and line ends of two characters", () => {
    expect(
      kinds([
        [1, "a"],
        [2, "ab"],
        [3, "\u001B[A"],
        [4, "\u001B[15;5~"],
        [5, "\r\n"],
        [6, "\r"],
      ]),
    ).toEqual(Array.from({ length: 6 }, () => "key"));
  });

  it.each([
    ["aaa", "key"],
    ["aaaa", "paste"],
    ["a\n", "paste"],
  ])("%j at once: %s", (text, kind) => {
    expect(kinds([[1, text]])).toEqual([kind]);
  });

  it.each([
    [0.005, ["paste"]],
    [0.0051, ["key", "key", "key", "key"]],
  ])("four single keys %d s apart: %j", (gap, expected) => {
    expect(kinds(keys("aaaa", 0, gap))).toEqual(expected);
  });

  it("pastes at most 0.2 s apart are one paste", () => {
    expect(
      kinds([
        [1, "aaaa"],
        [1.2, "aaaa"],
        [1.41, "aaaa"],
      ]),
    ).toEqual(["paste", "paste"]);
  });

  it("single keys that arrive with the prompt are type-ahead, lines and later keys are not", () => {
    const waiting = keys("aaaaa", 10.002, 0.0005);
    expect(kinds([...waiting, [11, "a"]], 10)).toEqual(["type_ahead", "key"]);
    expect(kinds([[10.01, "aaaa\n"]], 10)).toEqual(["paste"]);
    expect(kinds(keys("aaaaa", 10.06, 0.0005), 10)).toEqual(["paste"]);
  });
});

describe("[paste] the share of pastes decides", () => {
  it.each([
    [0, "typed", "none"],
    [0.05, "typed", "none"],
    [0.051, "mixed", "none"],
    [0.1, "mixed", "occasional"],
    [0.399, "mixed", "occasional"],
    [0.4, "pasted", "occasional"],
    [0.5, "pasted", "habitual"],
    [1, "pasted", "habitual"],
  ])("%d: %s, %s", (share, modality, pastes) => {
    expect(modalityClass(share)).toBe(modality);
    expect(pasteRateClass(share)).toBe(pastes);
  });

  it("one paste among nine keys is mixed and occasional", () => {
    const message = only(recording([...keys("aaaaaaaa\r", 1, 0.2), [9, "aaaa aaaa"]]));
    expect(valuesOf(message)).toMatchObject({ [MODALITY]: "mixed", [PASTES]: "occasional" });
    expect(confidenceOf(message, MODALITY)).toBe(0.8333);
  });
});

describe("[cadence] of the gaps between keys", () => {
  it.each([
    [[0.1, 0.1, 0.1, 0.1], "machine"],
    [[0.1, 0.15, 0.2, 0.15], "steady"],
    [[0.1, 0.1, 0.1, 0.9], "bursty"],
    [[0.25, 0.3, 0.2, 0.25], "hunt_and_peck"],
    [[0.249, 0.3, 0.2, 0.249], "steady"],
  ])("%j: %s", (gaps, value) => {
    expect(cadenceClass(gaps)).toBe(value);
  });

  it("needs eight gaps that are not longer than 1.5 s", () => {
    const typing = [0.2, 0.1, 0.15, 0.3, 0.1, 0.2, 0.15, 0.1];
    expect(valueOf(gapsBetweenKeys(typing), CADENCE)).toBe("steady");
    expect(valueOf(gapsBetweenKeys(typing.slice(1)), CADENCE)).toBeUndefined();
    expect(valueOf(gapsBetweenKeys([...typing.slice(1), 1.6]), CADENCE)).toBeUndefined();
    expect(confidenceOf(only(gapsBetweenKeys(typing)), CADENCE)).toBe(0.4444);
  });
});

describe("[chunking] of lines", () => {
  it("a single line is single_command", () => {
    expect(valueOf(recording(keys("aaa\r", 1, 0.2)), CHUNKING)).toBe("single_command");
    expect(valueOf(recording([[1, "aaaa aa\n"]]), CHUNKING)).toBe("single_command");
  });

  it("even typing is fluent, pauses inside a line are fragmented, a paste gives no finding", () => {
    expect(valueOf(recording([...lineWithPause(1, 0), ...lineWithPause(9, 0)]), CHUNKING)).toBe("fluent");
    expect(valueOf(recording([...lineWithPause(1, 3), ...lineWithPause(9, 3)]), CHUNKING)).toBe("fragmented");
    expect(
      valueOf(
        recording([
          [1, "aaaa\n"],
          [5, "aaaa\n"],
        ]),
        CHUNKING,
      ),
    ).toBeUndefined();
  });

  it("an empty line does not count", () => {
    expect(valueOf(recording([...keys("aa\r\r\r", 1, 0.2)]), CHUNKING)).toBe("single_command");
  });

  it("several lines in one paste are several lines sent at once", () => {
    const values = valuesOf(only(recording([[1, "aaaa\naaaa\naaaa\n"]])));
    expect(values[CHUNKING]).toBeUndefined();
    expect(values[LATENCY]).toBeUndefined();
  });
});

describe("[correction]", () => {
  it.each([
    [0.5, "immediate"],
    [0.51, "deferred"],
  ])("a deletion %d s after the key before it is %s", (delay, value) => {
    expect(
      valueOf(
        recording([
          [1, "a"],
          [1 + delay - 1e-6, "\u007F"],
          [3, "\u007F"],
        ]),
        CORRECTION,
      ),
    ).toBe(value);
  });

  it("none in 20 keys is absent, none in 19 keys gives no finding", () => {
    expect(valueOf(recording(typed(20)), CORRECTION)).toBe("absent");
    expect(valueOf(recording(typed(19)), CORRECTION)).toBeUndefined();
  });

  it("after a paste gives no finding", () => {
    expect(
      valueOf(
        recording([
          [1, "aaaa aaa"],
          [1.1, "\u0015"],
        ]),
        CORRECTION,
      ),
    ).toBeUndefined();
  });
});

describe("[mastery] per typed line, from three lines on", () => {
  it.each([
    [["aa", "aa", "aa"], "none", "none"],
    [["a\t", "aa", "aa"], "occasional", "none"],
    [["a\t", "a\t", "aa"], "habitual", "none"],
    [["\u0001a", "aa", "aa"], "none", "heavy"],
    [["\u0001a", "aa", "aa", "aa"], "none", "moderate"],
    [["aa", "aa"], undefined, undefined],
  ])("%j: tabs %s, shortcuts %s", (texts, tabs, shortcuts) => {
    const values = valuesOf(only(typedLines(texts)));
    expect(values[TABS]).toBe(tabs);
    expect(values[SHORTCUTS]).toBe(shortcuts);
  });
});

describe("[feedback]", () => {
  const grows = Array.from({ length: 10 }, (_, index) => index + 1);
  it("regular pauses are fire_and_forget, whatever the output", () => {
    expect(feedbackOf([4, 4.001, 4, 3.999, 4], [1, 900, 3, 7, 5])).toBe("fire_and_forget");
    expect(feedbackOf([4, 4, 4, 4], [1, 2, 3, 4])).toBeUndefined();
  });

  it("pauses that correlate with the output are closed_loop; fewer than ten pauses or no correlation give no finding", () => {
    expect(feedbackOf(grows, grows)).toBe("closed_loop");
    expect(feedbackOf(grows.slice(1), grows.slice(1))).toBeUndefined();
    expect(feedbackOf(grows, grows.toReversed())).toBeUndefined();
    expect(
      feedbackOf(
        grows,
        Array.from(grows, () => 5),
      ),
    ).toBeUndefined();
  });

  it("uses the pause before a line and the bytes of output during it", () => {
    const base = { sid: "r1", src_ip: "192.0.2.1" };
    let secs = 1;
    const session = grows.flatMap((size) => {
      const at = (secs += size);
      return [
        { ...base, t: BEGIN_TS + at, ch: "i", d: "aaaa\n" },
        { ...base, t: BEGIN_TS + at + 0.01, ch: "o", n: (size + 1) * 100 },
      ];
    });
    const last = { ...base, t: BEGIN_TS + secs + 11, ch: "i", d: "aaaa\n" };
    expect(valueOf([{ ...base, t: BEGIN_TS, ch: "o", n: 4 }, ...session, last], FEEDBACK)).toBe(
      "closed_loop",
    );
  });
});

describe("[recording]", () => {
  it("lines at regular intervals of 4 s", () => {
    const session = recording(Array.from({ length: 6 }, (_, index) => [1 + index * 4, "aaaa aa\n"] as const));
    expect(valuesOf(only(session))).toEqual({
      [MODALITY]: "pasted",
      [PASTES]: "habitual",
      "motor.shell_mastery.pipe_chaining_depth": "shallow",
      [LATENCY]: "llm_lightweight",
      [CONSISTENCY]: "metronomic",
      [FEEDBACK]: "fire_and_forget",
    });
  });

  it("that ends with ^D has a graceful exit", () => {
    expect(
      valueOf(
        recording([
          [1, "a"],
          [2, "\r"],
          [3, "\u0004"],
        ]),
        EXIT,
      ),
    ).toBe("graceful");
    expect(
      valueOf(
        recording([
          [1, "\u0004"],
          [2, "a"],
        ]),
        EXIT,
      ),
    ).toBeUndefined();
  });

  it("without input has no message", () => {
    const sensor = new TtySensor();
    expect(messagesOf(sensor, recording([]))).toEqual([]);
    expect(sensor.counts).toEqual({ sessions: 1, silentSessions: 1, lateLines: 0 });
  });

  it("has the same evidence as the log of the same sensor, so that its commands count once", () => {
    const refs = only(
      recording([
        [1, "aaaa\n"],
        [5, "aaaa\n"],
      ]),
    )?.events.map((event) => event.evidence_ref);
    expect(new Set(refs)).toEqual(new Set(["cowrie:pot/r1#keys", "cowrie:pot/r1#commands"]));
  });

  it("sends no text", () => {
    const sent = JSON.stringify(messagesOf(new TtySensor(), recording([[1, "wget secret.example\n"]])));
    expect(sent).not.toContain("secret");
    expect(sent).not.toContain("wget");
  });

  it.each([
    [7, "not a JSON object"],
    [{ sid: "a b", t: 1, ch: "i", d: "", src_ip: "::1" }, "sid is no id of letters, digits and . _ : -"],
    [{ sid: "a", t: "1", ch: "i", d: "", src_ip: "::1" }, "t is no time in epoch seconds"],
    [{ sid: "a", t: 1_525_628_000_000, ch: "i", d: "", src_ip: "::1" }, "t is no time in epoch seconds"],
    [{ sid: "a", t: 1, ch: "i", d: "", src_ip: "host" }, "src_ip is no address"],
    [{ sid: "a", t: 1, ch: "i", src_ip: "::1" }, "d of an input is no text"],
    [{ sid: "a", t: 1, ch: "x", src_ip: "::1" }, 'ch is neither "i" nor "o"'],
    [{ sid: "a", t: 1, ch: "o", n: -1, src_ip: "::1" }, "n of an output is no number of bytes"],
  ])("line %j: %s", (line, reason) => {
    expect(new TtySensor().push(line, "pot")).toEqual({ messages: [], problem: reason });
  });
});
