/** Starts the dashboard. */
// oxlint-disable-next-line import/no-unassigned-import -- it sets how the schemas of all others are made
import "./no-jit.ts";
import { render } from "preact";
import { App } from "./app.tsx";

const root = document.querySelector("#app");
if (!root) throw new Error("index.html must hold an element #app");
render(<App />, root);
