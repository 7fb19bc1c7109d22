/** Loads evidence: of an identity with its page, of one primitive over time when its chart is opened. */
import { evidencePathSchema } from "../http/dashboard/wire.ts";
import { ask } from "./api.ts";
import type { EvidencePath } from "./evidence-path.ts";
import { type Loaded, useLoaded } from "./resource.ts";
import { type Evidence, evidenceSchema } from "./schemas.ts";

/** The evidence of an identity. @param version - changes when an event says that it changed */
export function useEvidence(uuid: string, version: string): Loaded<Evidence> {
  return useLoaded(`${uuid} ${version}`, () => ask(`/identities/${uuid}/evidence`, evidenceSchema));
}

/** E of a primitive over its newest observations. @param version - as of `useEvidence` */
export function useEvidencePath(uuid: string, primitive: string, version: string): Loaded<EvidencePath> {
  return useLoaded(`${uuid}/${primitive} ${version}`, async () => {
    const path = await ask(
      `/dashboard/identities/${uuid}/evidence-path?primitive=${primitive}`,
      evidencePathSchema,
    );
    return { times: path.ts, es: path.e, firstNumber: path.first_number, threshold: path.threshold };
  });
}
