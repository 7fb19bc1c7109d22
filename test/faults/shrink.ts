/** Makes a history that fails smaller: leaves out what it fails without. */
import type { Fault, Plan, PlannedMessage, Step } from "./plan.ts";

/**
 * Tries smaller and smaller plans.
 * @param fails - whether a plan still fails
 * @param tries - how often it may be asked
 */
export async function shrink(
  plan: Plan,
  fails: (candidate: Plan) => Promise<boolean>,
  tries: number,
): Promise<Plan> {
  let [smallest, left] = [plan, tries];
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const candidate of smallerThan(smallest)) {
      if (left-- <= 0) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

/** Plans with something left out, the largest pieces first. */
function* smallerThan(plan: Plan): Iterable<Plan> {
  const { steps, messages } = plan;
  for (let size = steps.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < steps.length; from += size) {
      yield { ...plan, steps: [...steps.slice(0, from), ...steps.slice(from + size)] };
    }
  }
  for (const [i, step] of steps.entries()) {
    for (const smaller of smallerSteps(step)) yield { ...plan, steps: steps.with(i, smaller) };
  }
  // Messages keep their places, because steps name them.
  for (const [i, { events }] of messages.entries()) {
    if (events.length > 0) yield { ...plan, messages: messages.with(i, emptied(messages[i])) };
    for (let e = 0; events.length > 1 && e < events.length; e++) {
      const fewer: PlannedMessage = { form: "events", events: events.toSpliced(e, 1) };
      yield { ...plan, messages: messages.with(i, fewer) };
    }
  }
  yield* withoutEmpty(plan);
  if (plan.isDeferring) yield { ...plan, isDeferring: false };
  if (plan.rowSize !== undefined) {
    const { rowSize: _, ...rest } = plan;
    yield rest;
  }
  if (plan.minimumObservations !== 3) yield { ...plan, minimumObservations: 3 };
  if (plan.databases === 2) yield { ...plan, databases: 1, home: null };
}

/** Removes all empty messages at once, and renumbers the others. */
function* withoutEmpty(plan: Plan): Iterable<Plan> {
  const kept = plan.messages.flatMap(({ events }, i) => (events.length > 0 ? [i] : []));
  if (kept.length === plan.messages.length || kept.length === 0) return;
  const renumbered = (step: Step): Step => {
    const faults = step.faults.map((fault) =>
      fault.on === "await" ? { ...fault, meanwhile: fault.meanwhile.map(renumbered) } : fault,
    );
    if (step.do !== "deliver") return { ...step, faults };
    const numbers = step.messages.map((i) => kept.indexOf(i % plan.messages.length)).filter((i) => i >= 0);
    return { ...step, messages: numbers, faults };
  };
  yield {
    ...plan,
    messages: kept.flatMap((i) => plan.messages[i] ?? []),
    steps: plan.steps.map(renumbered),
  };
}

function* smallerSteps(step: Step): Iterable<Step> {
  for (const [i, fault] of step.faults.entries()) {
    yield { ...step, faults: step.faults.toSpliced(i, 1) };
    for (const smaller of smallerFaults(fault)) yield { ...step, faults: step.faults.with(i, smaller) };
  }
  if (step.do !== "deliver" || step.messages.length < 2) return;
  for (const i of step.messages.keys()) yield { ...step, messages: step.messages.toSpliced(i, 1) };
}

function* smallerFaults(fault: Fault): Iterable<Fault> {
  if (fault.on !== "await" || fault.meanwhile.length < 2) return;
  for (const i of fault.meanwhile.keys()) yield { ...fault, meanwhile: fault.meanwhile.toSpliced(i, 1) };
}

/** A message without events, which is refused. */
function emptied(message: PlannedMessage | undefined): PlannedMessage {
  return { form: message?.form === "text" ? "text" : "events", events: [] };
}
