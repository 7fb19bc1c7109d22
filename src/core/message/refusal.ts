/** Why a message or event was refused: a closed set of codes, the field each is about, and a sentence for each. */
import type { ValueKind } from "../observation.ts";

export type Refusal =
  | { readonly code: "malformed_json"; readonly field: "body"; readonly found: string }
  | { readonly code: "missing_field"; readonly field: string }
  | { readonly code: "invalid_field"; readonly field: string; readonly expected: string }
  | { readonly code: "unsupported_version"; readonly field: "v" | "envelope_v" }
  | {
      readonly code: "value_kind_mismatch";
      readonly field: "value";
      readonly primitive: string;
      readonly expected: ValueKind;
    }
  | { readonly code: "too_large"; readonly field: string; readonly maxBytes: number };

export type RefusalCode = Refusal["code"];

const FITS: Readonly<Record<ValueKind, string>> = {
  categorical: "anything",
  bool: "a boolean",
  free_string: "a string",
  array: "an array",
  numeric: "a number of magnitude at most 1e100, or a boolean",
  hash: "a non-empty string",
  bag: "an array of non-empty strings",
};

/** The sentence for people. It names the field and what was expected. It never contains what was sent. */
export function describeRefusal(refusal: Refusal): string {
  switch (refusal.code) {
    case "malformed_json":
      return `The body must be a JSON object, got ${refusal.found}.`;
    case "missing_field":
      return `The field ${refusal.field} is missing.`;
    case "invalid_field":
      return `The field ${refusal.field} must be ${refusal.expected}.`;
    case "unsupported_version":
      return `The field ${refusal.field} must be 1, the only version known here.`;
    case "value_kind_mismatch":
      return `The field value must be ${FITS[refusal.expected]}: ${refusal.primitive} is of kind ${refusal.expected}.`;
    case "too_large":
      return `The field ${refusal.field} is longer than ${refusal.maxBytes} bytes.`;
    default:
      return refusal satisfies never;
  }
}
