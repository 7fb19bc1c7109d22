/** The commands of an identity: how foreign the words of a session are to it. Pure. */
export { type CommandScorer, commandScorer } from "./scorer.ts";
export { readCommands } from "./state-codec.ts";
export { CommandsState, type SessionScore, wordSecretStamp } from "./state.ts";
export { shareOfUses, usesOf, wordKeyOf, wordsOfBag } from "./words.ts";
