/** Describes the evidence of the demo's identities: their proven changes, and the number of operators if there are several. It reads nothing itself. */
import type { z } from "zod";
import type { evidenceSchema } from "../evidence/wire.ts";

/** The evidence of one scenario's identity, as the Worker answered it. */
export interface SeenEvidence {
  readonly scenario: string;
  readonly evidence: Pick<z.infer<typeof evidenceSchema>, "change" | "operators">;
}

/** A line for each identity of which evidence says more than "no proven change, one operator". */
export function describeEvidence(seen: readonly SeenEvidence[]): string {
  const lines = seen.flatMap(({ scenario, evidence: { change, operators } }) => {
    const changed = change.filter(({ changes }) => changes.length > 0).map(({ primitive }) => primitive);
    return [
      ...(changed.length > 0 ? [`  ${scenario}: proven change of ${changed.join(" and ")}`] : []),
      ...(operators.estimate > 1 ? [`  ${scenario}: ${operators.estimate} operators`] : []),
    ];
  });
  return ["Evidence", ...(lines.length > 0 ? lines : ["  no proven change, one operator each"])].join("\n");
}
