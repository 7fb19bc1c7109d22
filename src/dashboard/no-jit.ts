/**
 * Tells zod not to compile schemas: the page's policy forbids it, and the browser would report the attempt. Whoever makes
 * the first schema imports this first, because a schema looks at the setting when it is made.
 */
import * as z from "zod/mini";

z.config({ jitless: true });
