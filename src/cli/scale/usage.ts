/** What an observation costs and takes, as a function of how many observations of a session come in one message. Pure. */
import { ASSUMED_INPUTS, BY_ARRIVAL, type ByArrival, MEASURED, SESSION_OBSERVATIONS } from "./inputs.ts";

/** Rows written and bytes stored per observation. */
export interface ObservationUse {
  /** Rows written to D1 and to objects: of observations, events, states and registrations, and of their removal by retention. */
  readonly d1RowsWritten: number;
  readonly objectRowsWritten: number;
  readonly d1RowsRead: number;
  /** Bytes, with the share of events and of identities. */
  readonly d1Bytes: number;
  /** Bytes in an object besides those of an almost empty one. */
  readonly objectBytes: number;
}

/**
 * What an observation costs and takes.
 * @param perMessage - observations per message, all of one session, at least 1
 */
export function useOf(perMessage: number): ObservationUse {
  const { eventsPerObservation, eventsPerPage, identitiesPerObservation, d1EventBytes, d1IdentityBytes } =
    MEASURED;
  // In the steady state retention removes as many session rows and pages of events as arrive. Each is a row written.
  const removedRows = 1 / Math.min(perMessage, MEASURED.rowObservations.value);
  const removedPages = eventsPerObservation.value / eventsPerPage.value;
  // The first call of a visit comes so long after the last one that the read model is brought up to date.
  const visits = 1 / Math.max(perMessage, ASSUMED_INPUTS.observationsPerVisit.value);
  const rest = restPerEvent();
  return {
    d1RowsWritten:
      perObservation(BY_ARRIVAL.d1RowsWritten, perMessage) +
      eventsPerObservation.value * rest.d1Rows +
      visits * MEASURED.profileRows.value +
      removedRows +
      removedPages,
    objectRowsWritten:
      perObservation(BY_ARRIVAL.objectRowsWritten, perMessage) +
      eventsPerObservation.value * rest.objectRows +
      removedRows,
    d1RowsRead: perObservation(BY_ARRIVAL.d1RowsRead, perMessage),
    d1Bytes:
      perObservation(BY_ARRIVAL.d1Bytes, perMessage) +
      eventsPerObservation.value * d1EventBytes.value +
      identitiesPerObservation.value * d1IdentityBytes.value,
    objectBytes: perObservation(BY_ARRIVAL.objectBytes, perMessage),
  };
}

/**
 * A value per observation for messages of any size. Part of it is per observation and part per session, so that it is a line in 1 ÷
 * size through the two measured points.
 */
export function perObservation({ single, session }: ByArrival, perMessage: number): number {
  const perSession = (single.value - session.value) / (1 - 1 / SESSION_OBSERVATIONS);
  return single.value - perSession * (1 - 1 / perMessage);
}

/** Rows per event that a replay writes besides those of its observations: events, first states, transitions, registrations. */
export function restPerEvent(): { readonly d1Rows: number; readonly objectRows: number } {
  const { replayObservationsPerSession, replayD1RowsWritten, replayObjectRowsWritten, eventsPerObservation } =
    MEASURED;
  const rest = (all: number, rows: ByArrival) =>
    Math.max(0, all - perObservation(rows, replayObservationsPerSession.value)) / eventsPerObservation.value;
  return {
    d1Rows: rest(replayD1RowsWritten.value, BY_ARRIVAL.d1RowsWritten),
    objectRows: rest(replayObjectRowsWritten.value, BY_ARRIVAL.objectRowsWritten),
  };
}
