/**
 * Tells zod not to compile schemas: the page's policy forbids it, and the browser would report the attempt. Imported
 * first, because a schema looks at this setting when it is made.
 */
import * as z from "zod/mini";

z.config({ jitless: true });
