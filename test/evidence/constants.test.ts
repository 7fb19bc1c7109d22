/** The numbers of the operator model and of the commands that no second implementation checks, as docs/detection.md was measured with them. */
import { expect, it } from "vitest";
import { COMMANDS, NOTED_AT, OPERATORS, STANDARD_EVIDENCE } from "../../src/evidence/constants.ts";

it("the constants are those that were calibrated together: another one needs another evaluation", () => {
  expect(NOTED_AT).toBe(100);
  expect(STANDARD_EVIDENCE).toEqual({ threshold: 3_200, traitPrimitives: ["motor.*", "toolchain.*"] });
  expect(OPERATORS).toMatchObject({
    sessions: 64,
    fewest: 8,
    every: 8,
    most: 3,
    powers: [0, 1 / 3, 1],
    offDiagonal: 0.95,
    ridge: 0.02,
    freedoms: [2.5, 5, 30],
    startDivisor: 2,
    meanPrior: 0.2,
    scalePrior: 2.4,
    scaleWeight: 8,
    scaleRidge: 0.005,
    updatesPerRound: 2,
    valuePrior: 0.3,
    leastValues: 2,
    otherPrior: 0.05,
    leastOthers: 0.03,
    mostOthers: 0.3,
    otherValues: 30,
    rounds: 12,
    stays: [0.75, 0.25],
    groupWeight: 0.95,
    middle: 0.76,
    rowStay: 0.95,
    rowWeight: 0.9,
    rowCuts: [0.25, 0.5, 0.75],
    rowPrice: 4,
    primitivePrice: 1.5,
    gain: 6,
    gainWithNumbers: 3,
    gainForThree: 1,
    switches: 4,
    leastSessions: 3,
    leastShare: 0.1,
    orderGain: 4,
    distance: 5,
  });
  expect(COMMANDS).toMatchObject({
    words: 128,
    countPrior: 0.01,
    totalPrior: 8.5,
    usePrior: 0.5,
    allUsesPrior: 450,
    scores: 80,
    unscored: 5,
    alwaysLearnt: 50,
    learntAbove: 0.05,
    sharesEverySecs: 86_400,
  });
});
