/** What every command does around its own work: an error is said in one line, and the exit code tells. */

/**
 * Runs a command with the arguments of this process.
 * @param main - takes the arguments; answers the exit code, or nothing for 0
 */
export async function runCommand(main: (args: readonly string[]) => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    // Whoever reads from us (`| head`) has enough.
    if (error instanceof Error && "code" in error && error.code === "EPIPE") process.exit(0);
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
