/** The bundle that drizzle-kit writes: the journal of the migrations, and the text of each by `m` and its number. */
declare const bundle: {
  readonly journal: { readonly entries: readonly { readonly idx: number; readonly tag: string }[] };
  readonly migrations: Readonly<Record<string, string>>;
};
export default bundle;
