/** The input border: turns queue messages and HTTP bodies into observations or refusals. */
export { parseEvent, type ParsedEvent, parseMessage } from "./message.ts";
export { LIMITS, type ParseContext } from "./payload.ts";
export { describeRefusal, type Refusal } from "./refusal.ts";
