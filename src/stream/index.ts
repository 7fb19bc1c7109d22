/** Live streams: the objects' side (watchers, feed) and the Worker's (sources, Server-Sent Events). */
export { followEverything } from "./everything.ts";
export { FEED_NAMES, FeedObject } from "./feed.ts";
export { followIdentity } from "./identity.ts";
export { STREAM_LIMITS, type StreamLimits } from "./limits.ts";
export { notify } from "./notify.ts";
export type { StreamEnd } from "./reader.ts";
export { STREAM_HEADERS, streamResponse } from "./response.ts";
export { type StreamSource } from "./source.ts";
export { OBSERVATIONS_SHOWN, Watchers } from "./watchers.ts";
