/** Checking out another commit for a comparison: its files, with the packages that are installed, and nothing left behind. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkOut } from "../../src/cli/bench/checkout.ts";

let repository = "";
let project = "";

const git = (...args: readonly string[]) =>
  execaSync("git", ["-c", "user.name=test", "-c", "user.email=test@example.com", ...args], {
    cwd: repository,
  }).stdout;

/** The project is a folder of its repository, and has packages that are not in it. */
beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), "checkout-test-"));
  project = join(repository, "project");
  mkdirSync(join(project, "node_modules", "a-package"), { recursive: true });
  writeFileSync(join(repository, ".gitignore"), "node_modules/\n");
  git("init", "--quiet");
  for (const text of ["one", "two"]) {
    writeFileSync(join(project, "file"), text);
    git("add", ".");
    git("commit", "--quiet", "--message", text);
  }
});

afterAll(() => rmSync(repository, { recursive: true, force: true }));

it("a checkout has the files of the commit and the installed packages, and is removed without a trace", () => {
  const { commit, root, remove } = checkOut("HEAD~1", project);
  expect(commit).toBe(git("rev-parse", "--short", "HEAD~1"));
  expect(readFileSync(join(root, "file"), "utf8")).toBe("one");
  expect(existsSync(join(root, "node_modules", "a-package"))).toBe(true);
  remove();
  expect(existsSync(dirname(root))).toBe(false);
  expect(existsSync(join(project, "node_modules", "a-package"))).toBe(true);
  expect(git("worktree", "list").split("\n")).toHaveLength(1);
  expect(readFileSync(join(project, "file"), "utf8")).toBe("two");
});

it("a commit that does not exist is refused", () => {
  expect(() => checkOut("no-such-commit", project)).toThrow("no-such-commit");
  expect(git("worktree", "list").split("\n")).toHaveLength(1);
});
