/** Stream tickets as they are answered. */
import * as z from "zod";
import { described, named } from "../shared/schema.ts";

/** A ticket. */
export const ticketSchema = named(
  "StreamTicket",
  z.object({ ticket: z.string(), expires_at: described(z.number(), "Epoch seconds") }),
);
