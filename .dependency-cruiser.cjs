// Which way imports go. Every rule says why it is there; `npm run check` runs them.

/** A file of a test, or one that only tests use. */
const ofTests =
  "\\.test\\.ts$|/src/(testing|simulation)/|^(packages|services)/[^/]+/test/|^test/|^packages/testkit/";
/** The folders of a service that its other folders are built on, lowest first. */
const own = "^services/([^/]+)/src";

/** What each package may use of ours, and why no more. */
const packageArrows = {
  proto: { may: [], why: "It is generated, and everything else is built on it." },
  signature: { may: [], why: "It is published for receivers, who want no dependency." },
  sealing: { may: [], why: "What guards secrets is read in one sitting." },
  json: { may: [], why: "It decides about bytes, and knows nothing of what they mean here." },
  filter: { may: [], why: "What tenants write is judged alone, without a way to anything else." },
  errors: { may: ["proto"], why: "Everything uses it, so it may use next to nothing." },
  event: { may: ["errors", "proto", "json"], why: "It tells what may be published, not where to." },
  egress: { may: ["errors"], why: "Its only matter is to reach the outside safely." },
  runtime: { may: ["errors"], why: "Every process starts with it, whatever it serves." },
  rpc: { may: ["runtime", "errors", "proto"], why: "It knows calls, not databases or logs." },
  postgres: { may: ["runtime", "errors"], why: "It knows databases, not who asks them." },
  bus: {
    may: ["runtime", "errors", "proto", "postgres"],
    why: "It is a seam: of its two logs one lies in Postgres, and neither knows a service.",
  },
  rest: { may: ["errors", "proto", "json"], why: "It is written to stand alone: descriptors in." },
  client: {
    may: ["proto", "json"],
    why: "Users install it; the server is none of their business.",
  },
  cli: { may: ["client", "signature"], why: "It is a user of the API like any other." },
};

const packageRules = Object.entries(packageArrows).map(([name, { may, why }]) => ({
  name: `package-${name}`,
  comment: `${name} may use ${may.length === 0 ? "nothing of ours" : `only ${may.join(", ")}`}. ${why}`,
  severity: "error",
  from: { path: `^packages/${name}/`, pathNot: ofTests },
  to: { path: "^(packages|services|test)/", pathNot: `^packages/(${[name, ...may].join("|")})/` },
}));

/** Within a service: main -> config, service -> rpc, workers -> domain, store. */
const layerRules = [
  {
    name: "main-is-the-top",
    comment: "Only main.ts touches the process, so nothing but the process may load it.",
    from: {},
    to: { path: `${own}/main\\.ts$` },
  },
  {
    name: "service-is-composed-once",
    comment: "What a service is made of takes its parts as arguments and never asks for the whole.",
    from: { path: `${own}/(rpc|workers|store|domain)/`, pathNot: ofTests },
    to: { path: "^services/$1/src/(service|index)\\.ts$" },
  },
  {
    name: "domain-decides",
    comment: "Decisions are pure: they are tested by tables, without a database, a log or a call.",
    from: { path: `${own}/domain/`, pathNot: ofTests },
    to: {
      path: "^(services/|packages/(postgres|bus|rpc|rest|egress)/)",
      pathNot: "^services/$1/src/domain/",
      dependencyTypesNot: ["type-only"],
    },
  },
  {
    name: "domain-needs-no-library",
    comment: "A decision that needs a driver is no decision.",
    from: { path: `${own}/domain/`, pathNot: ofTests },
    to: { path: "node_modules/(pg|kysely|kafkajs|undici|fastify|pino)/" },
  },
  {
    name: "store-stores",
    comment: "A table's file is called by handlers and workers, never the other way round.",
    from: { path: `${own}/store/`, pathNot: ofTests },
    to: { path: "^services/$1/src/(rpc|workers|config)" },
  },
  {
    name: "store-decides-nothing",
    comment: "Of the domain a table's file knows the types that its rows become, and calls nothing.",
    from: { path: `${own}/store/`, pathNot: ofTests },
    to: { path: "^services/$1/src/domain/", dependencyTypesNot: ["type-only"] },
  },
  {
    name: "rpc-and-workers-do-not-meet",
    comment: "A handler writes rows and wakes who acts on them; it runs no loop's code.",
    from: { path: `${own}/workers/`, pathNot: ofTests },
    to: { path: "^services/$1/src/rpc/" },
  },
].map((rule) => ({ severity: "error", ...rule }));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Files that need each other are one file that was cut in the wrong place.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "nothing-missing",
      comment: "What is imported exists, or the program fails where no test looks.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "nothing-undeclared",
      comment: "A folder's package.json names what it needs, so that it runs alone.",
      severity: "error",
      from: { pathNot: `^scripts/|${ofTests}` },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    },
    {
      name: "services-meet-in-proto-and-topics",
      comment: "A service calls another's proto or reads its topic; only `up` puts several into one process.",
      severity: "error",
      from: { path: "^services/([^/]+)/", pathNot: "^services/up/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "services-by-their-door",
      comment: "What a service shows is its index.ts: the rest may change without asking.",
      severity: "error",
      from: { path: "^(services|test)/([^/]+)/" },
      to: { path: "^services/[^/]+/src/", pathNot: ["^services/$2/", "^services/[^/]+/src/index\\.ts$"] },
    },
    {
      name: "packages-by-their-door",
      comment: "What a package shows is its index.ts (proto: its generated files).",
      severity: "error",
      from: { path: "^(packages|services|test)/([^/]+)/" },
      to: {
        path: "^packages/[^/]+/src/",
        pathNot: ["^packages/$2/", "^packages/[^/]+/src/index\\.ts$", "^packages/proto/src/gen/"],
      },
    },
    {
      name: "packages-know-no-service",
      comment: "Packages are what services are made of.",
      severity: "error",
      from: { path: "^packages/", pathNot: ofTests },
      to: { path: "^(services|test)/" },
    },
    {
      name: "testkit-in-tests-only",
      comment: "What starts servers and scripts receivers has no place in what runs for users.",
      severity: "error",
      from: { pathNot: ofTests },
      to: { path: ofTests },
    },
    {
      name: "kafka-behind-the-bus",
      comment: "kafkajs will be replaced one day: no type of it crosses the seam.",
      severity: "error",
      from: { pathNot: `^packages/bus/|${ofTests}` },
      to: { path: "node_modules/kafkajs/" },
    },
    {
      name: "outbound-http-in-egress",
      comment: "Who sends to the outside passes its URL and address policy, always.",
      severity: "error",
      from: { pathNot: `^packages/egress/|${ofTests}` },
      to: { path: "node_modules/(undici|axios|node-fetch|got)/" },
    },
    ...packageRules,
    ...layerRules,
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|\\.turbo)/" },
    // Types count: what a file must know, it depends on.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["source", "import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".cjs", ".json"],
    },
  },
};
