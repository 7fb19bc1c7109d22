/**
 * Finds the locale in the environment variables that an SSH client sends. The variables have the precedence of POSIX.
 */

const LOCALE =
  /^(?:[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})+|C|POSIX)(?:\.[A-Za-z0-9_-]{1,16})?(?:@[A-Za-z0-9]{1,16})?$/;
const BY_PRECEDENCE = ["LC_ALL", "LANG", "LC_CTYPE", "LC_MESSAGES", "LC_TIME", "LC_NUMERIC"];

/** Whether a variable may name the locale. The sensor stores no other variable. */
export function isLocaleVariable(name: string): boolean {
  return BY_PRECEDENCE.includes(name);
}

/** The locale in a session's variables, as it was sent, or null if no variable names one. `UTF-8` alone (which macOS sends as
 * `LC_CTYPE`) is a character set and no locale. `C` counts as a locale.
 * @example localeOf(new Map([["LANG", "lt_LT.UTF-8"], ["LC_CTYPE", "UTF-8"]])) // "lt_LT.UTF-8"
 */
export function localeOf(variables: ReadonlyMap<string, string>): string | null {
  for (const name of BY_PRECEDENCE) {
    const value = variables.get(name);
    if (value !== undefined && LOCALE.test(value)) return value;
  }
  return null;
}
