/** The frame of every command: it prints an error as one line and sets the exit code. */

/**
 * Runs a command with the arguments of this process.
 * @param main - takes the arguments and returns the exit code, or nothing for 0
 */
export async function runCommand(main: (args: readonly string[]) => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    // The reader of a pipe (such as `| head`) has closed it.
    if (error instanceof Error && "code" in error && error.code === "EPIPE") process.exit(0);
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
