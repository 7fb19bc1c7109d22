// Renders /openapi.json. Everything it needs is served beside it; nothing is fetched from anywhere else.
globalThis.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // A token stays in this page's memory.
  persistAuthorization: false,
  // The default asks a public service whether the description is valid.
  validatorUrl: null,
});
