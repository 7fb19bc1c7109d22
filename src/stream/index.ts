/** Live streams: the objects' side (watchers, feed) and the Worker's (sources, Server-Sent Events). */
export { followEverything } from "./everything.ts";
export { FEED_NAMES, feedNameOf, FeedObject } from "./feed.ts";
export { followIdentity, type ReadSnapshot } from "./identity.ts";
export { STREAM_LIMITS, type StreamLimits } from "./limits.ts";
export { notify } from "./notify.ts";
export type { ShownObservation } from "./protocol.ts";
export type { StreamEnd } from "./reader.ts";
export { STREAM_HEADERS, type StreamOptions, streamResponse } from "./response.ts";
export { eventName, type StreamSource } from "./source.ts";
export { OBSERVATIONS_SHOWN, type WatchedObservation, Watchers } from "./watchers.ts";
