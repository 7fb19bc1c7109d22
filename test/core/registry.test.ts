/** The registry: known primitives, changes by configuration, unlisted values. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createRegistry,
  isValueKind,
  PRIMITIVES,
  type MergeKind,
  type ValueKind,
} from "../../src/core/index.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import { hasShared, readSharedJson, SHARED_IS_ABSENT } from "../setup/shared.ts";

const FILE = "behave-registry.json";
const facts = z.array(
  z.object({
    primitive: z.string(),
    kind: z.string(),
    allowed: z.array(z.string()).nullable(),
    origin: z.string(),
    kind_certain: z.boolean(),
  }),
);

describe("[§2] the registry", () => {
  it.skipIf(!hasShared(FILE))(
    `[§2] holds exactly the published facts, and further extensions (${SHARED_IS_ABSENT} if absent)`,
    () => {
      const published = facts.parse(readSharedJson(FILE));
      const ours = Object.entries(PRIMITIVES).map(([primitive, { kind, allowed, origin, isKindCertain }]) => {
        return { primitive, kind, allowed, origin, kind_certain: isKindCertain };
      });
      const names = new Set(published.map(({ primitive }) => primitive));
      expect(ours.filter(({ primitive }) => names.has(primitive))).toEqual(published);
      const further = ours.filter(({ primitive }) => !names.has(primitive));
      expect(further.map(({ primitive, origin }) => [primitive, origin])).toEqual([
        ["cognitive.command_words", "extension"],
      ]);
    },
  );

  it.each<[string, ValueKind]>([
    ["motor.input_modality", "categorical"],
    ["toolchain.c2.beacon_interval_ms", "numeric"],
    ["toolchain.ssh.hassh_client", "hash"],
    ["toolchain.ssh.kex_algorithm_order", "array"],
    ["toolchain.tls.self_signed", "bool"],
    ["environmental.locale", "free_string"],
    ["cognitive.command_words", "bag"],
    ["never.heard_of", "categorical"],
    ["constructor", "categorical"],
    ["__proto__", "categorical"],
    ["toString", "categorical"],
  ])("[§2] %s is %s", (primitive, kind) => {
    expect(createRegistry().kindOf(primitive)).toBe(kind);
    expect(createRegistry({}).isListed("never.heard_of", "x")).toBe(true);
  });

  it("[§2] configuration adds primitives and changes kinds, and does not affect others", () => {
    const registry = createRegistry({ "x.y": "numeric", "motor.input_modality": "hash" });
    expect(registry.kindOf("x.y")).toBe("numeric");
    expect(registry.kindOf("motor.input_modality")).toBe("hash");
    expect(registry.kindOf("motor.keystroke_cadence")).toBe("categorical");
    expect(createRegistry().kindOf("motor.input_modality")).toBe("categorical");
  });

  it.each<[string, unknown, boolean]>([
    ["motor.input_modality", "typed", true],
    ["motor.input_modality", "unknown", true],
    ["motor.input_modality", "Typed", false],
    ["motor.input_modality", "", false],
    ["motor.input_modality", true, false],
    ["motor.input_modality", ["typed"], false],
    ["cognitive.feedback_loop_engagement", "unknown", true],
    ["toolchain.ssh.hassh_client", "anything", true],
    ["never.heard_of", "anything", true],
    ["constructor", "anything", true],
    ["__proto__", "anything", true],
  ])("[§2] %s %j is listed: %s", (primitive, value, isListed) => {
    expect(createRegistry().isListed(primitive, value)).toBe(isListed);
  });

  it("[§2] listed values apply only while the primitive is categorical", () => {
    expect(
      createRegistry({ "motor.input_modality": "free_string" }).isListed("motor.input_modality", "x"),
    ).toBe(true);
    expect(
      createRegistry({ "motor.input_modality": "categorical" }).isListed("motor.input_modality", "x"),
    ).toBe(false);
  });

  it.each<[string, boolean]>([
    ["numeric", true],
    ["free_string", true],
    ["bag", true],
    ["Numeric", false],
    ["", false],
    ["constructor", false],
    ["__proto__", false],
  ])("[§1] %j is a value kind: %s", (text, isKind) => {
    expect(isValueKind(text)).toBe(isKind);
  });

  it.each<[ValueKind, MergeKind]>([
    ["categorical", "categorical"],
    ["bool", "categorical"],
    ["free_string", "categorical"],
    ["array", "categorical"],
    ["numeric", "numeric"],
    ["hash", "hash"],
    ["bag", "bag"],
  ])("[§1] %s merges as %s", (kind, mergeKind) => {
    expect(mergeKindOf(kind)).toBe(mergeKind);
  });
});
