import { DurableObject } from "cloudflare:workers";
export class IdentityObject extends DurableObject { }
export default { async fetch() { return new Response("x") }, async queue() {} };
