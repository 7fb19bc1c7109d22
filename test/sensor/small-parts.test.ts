import { describe, expect, it } from "vitest";
import { shapeOf } from "../../src/sensor/command-shape.ts";
import { hasshOf, readHasshTable } from "../../src/sensor/hassh.ts";
import { localeOf } from "../../src/sensor/locale.ts";
import { correlation, gapsOf, median, sampleConfidence, spread } from "../../src/sensor/statistics.ts";

describe("[command] a line is reduced to its first word and counts", () => {
  it.each([
    ["uname -a", "uname", 0, 0, 1],
    ["/bin/busybox wget", "busybox", 0, 0, 1],
    ["cat /proc/cpuinfo | grep name | wc -l", "cat", 2, 0, 1],
    ["cd /tmp || cd /var; ls && ps", "cd", 0, 3, 1],
    ["ls|wc", "ls", 1, 0, 1],
    ["echo a\necho b\r\necho c", "echo", 0, 0, 3],
    ["  pwd  ", "pwd", 0, 0, 1],
    ["$(echo id)", "?", 0, 0, 1],
    ["/tmp/x/", "?", 0, 0, 1],
    ["", "", 0, 0, 1],
  ])("%j", (text, word, pipes, separators, lines) => {
    expect(shapeOf(text)).toEqual({ word, pipes, separators, lines });
  });
});

describe("[locale] the variable with the highest precedence is used", () => {
  it.each([
    [{ LC_CTYPE: "UTF-8", LANG: "lt_LT.UTF-8", LC_ALL: "de_DE.UTF-8" }, "de_DE.UTF-8"],
    [{ LC_CTYPE: "UTF-8", LANG: "lt_LT.UTF-8" }, "lt_LT.UTF-8"],
    [{ LANG: "C.UTF-8" }, "C.UTF-8"],
    [{ LANG: "POSIX" }, "POSIX"],
    [{ LANG: "ca_ES@valencia" }, "ca_ES@valencia"],
    [{ LC_CTYPE: "UTF-8" }, null],
    [{ LANG: "" }, null],
    [{ LANG: "en_US; rm -rf /" }, null],
    [{ TERM: "en_US" }, null],
    [{}, null],
  ])("%j", (variables, locale) => {
    expect(localeOf(new Map(Object.entries(variables)))).toBe(locale);
  });
});

describe("[hassh]", () => {
  const lists = { kex: "a,b", enc: "c", mac: "d", comp: "none" };
  const hassh = hasshOf(lists);

  it("is the md5 of kex;enc;mac;comp", () => {
    // printf 'a,b;c;d;none' | md5sum
    expect(hassh).toBe("27cf8f3fc7ebe14f501a91434b6d3d26");
  });

  it("a table is read, and the hash of every entry is checked", () => {
    expect(readHasshTable({ [hassh]: lists }).get(hassh)).toEqual(lists);
    expect(() => readHasshTable({ abc: lists })).toThrow(`entry abc holds lists whose HASSH is ${hassh}`);
    expect(() => readHasshTable({ [hassh]: { ...lists, mac: 1 } })).toThrow(`entry ${hassh} needs the texts`);
    expect(() => readHasshTable([lists])).toThrow("must be a JSON object");
  });
});

describe("[statistics]", () => {
  it("median, spread, gaps and correlation equal values calculated by hand", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(spread([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7) / 5, 12);
    expect(spread([4, 4, 4])).toBe(0);
    expect(gapsOf([1, 1.5, 4])).toEqual([0.5, 2.5]);
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
    expect(correlation([1, 2, 3], [6, 4, 2])).toBeCloseTo(-1, 12);
    expect(correlation([1, 2, 3], [5, 5, 5])).toBeNull();
  });

  it("throw where the result is undefined", () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => spread([1])).toThrow(RangeError);
    expect(() => spread([0, 0])).toThrow(RangeError);
  });

  it("confidence grows with the number of samples and has four decimals", () => {
    expect([1, 2, 5, 18, 1e6].map((n) => sampleConfidence(n, 2))).toEqual([0.3333, 0.5, 0.7143, 0.9, 1]);
    expect(sampleConfidence(0, 2)).toBe(0);
  });
});
