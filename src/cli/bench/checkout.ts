/** Checks out another commit of the project into a temporary folder, so that its bench Worker can be built and run. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { PROJECT_ROOT } from "../wrangler.ts";

/** A commit's files. */
export interface Checkout {
  /** The commit, abbreviated. */
  readonly commit: string;
  /** The folder that has the project at that commit, with the packages of this one. */
  readonly root: string;
  /** Removes the folder. It is also removed when this process exits. */
  readonly remove: () => void;
}

/**
 * Makes a git worktree of a commit. It uses the packages that are installed here.
 * @param ref - anything that names a commit, for example `HEAD~3`
 * @param project - folder of the project
 * @throws Error if there is no such commit
 */
export function checkOut(ref: string, project = PROJECT_ROOT): Checkout {
  const git = (...args: readonly string[]) => execaSync("git", args, { cwd: project }).stdout;
  const commit = git("rev-parse", "--verify", "--short", `${ref}^{commit}`);
  // The project may be a folder of its repository.
  const prefix = git("rev-parse", "--show-prefix");
  const folder = mkdtempSync(join(tmpdir(), "attribution-bench-"));
  const worktree = join(folder, commit);
  const remove = () => {
    process.off("exit", remove);
    git("worktree", "remove", "--force", worktree);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", remove);
  git("worktree", "add", "--detach", worktree, commit);
  const root = join(worktree, prefix);
  symlinkSync(join(project, "node_modules"), join(root, "node_modules"), "dir");
  return { commit, root, remove };
}
