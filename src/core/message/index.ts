/** The border: queue messages and HTTP bodies in, observations or refusals out. */
export { parseEvent, type ParsedEvent, parseMessage } from "./message.ts";
export { LIMITS, type ParseContext } from "./payload.ts";
export { describeRefusal, type Refusal, type RefusalCode } from "./refusal.ts";
