// The import law. Every rule carries its reason; there is no list of exceptions.
// Rooms are folders with a package.json: core, each adapter, each channel, each process, cli, bench.

const adaptersAndChannels = '^(adapters|channels)/';
const processes = '^(coordinator|gateway|executor|browser-agent|provision)/';
const ours =
  '^(core|adapters|channels|skills|coordinator|gateway|executor|browser-agent|provision|dashboard|cli|bench|scripts)/';
const testCode = '(\\.test\\.ts$|/testing/|^(bench|scripts)/)';
const composedTest = '\\.(integration|e2e)\\.test\\.ts$';
const testRunner = '^node_modules/(@vitest/|vitest/|fast-check/|@copilotkit/aimock/)';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'core-imports-nothing-of-ours',
      comment: 'Core is the shared language. What it imports, every room imports.',
      severity: 'error',
      from: { path: '^core/' },
      to: { path: ours, pathNot: '^core/' },
    },
    {
      name: 'core-depends-on-zod-only',
      comment:
        'Core must run anywhere (sandbox, page, process): zod is its only package, and its tests add the test runner.',
      severity: 'error',
      from: { path: '^core/', pathNot: testCode },
      to: {
        dependencyTypesNot: ['core', 'local', 'type-only'],
        path: '^node_modules/',
        pathNot: '^node_modules/zod/',
      },
    },
    {
      name: 'core-tests-use-zod-and-the-test-runner-only',
      comment: 'Fakes and contract suites are shipped to every room, so they may not pull in a technology.',
      severity: 'error',
      from: { path: '^core/.*(\\.test\\.ts$|/testing/)|^core/testing/' },
      to: {
        dependencyTypesNot: ['type-only'],
        path: '^node_modules/',
        pathNot: `^node_modules/zod/|${testRunner}`,
      },
    },
    {
      name: 'skills-import-core-only',
      comment: 'A skill is data and its loader; it knows the language and no technology.',
      severity: 'error',
      from: { path: '^skills/' },
      to: { path: ours, pathNot: '^(skills|core)/' },
    },
    {
      name: 'adapters-and-channels-import-core-only',
      comment:
        'An adapter or channel fulfils a port of core and knows nobody else, so each can be replaced, tested and deleted alone.',
      severity: 'error',
      from: { path: '^((?:adapters|channels)/[^/]+)/', pathNot: composedTest },
      to: { path: ours, pathNot: ['^core/', '^$1/'] },
    },
    {
      name: 'tests-of-adapters-and-channels-know-no-process',
      comment:
        'An integration test is a composition root of its own, so it may put a real database under a queue; but what a port promises does not depend on who calls it.',
      severity: 'error',
      from: { path: '^(adapters|channels)/.*\\.(integration|e2e)\\.test\\.ts$' },
      to: { path: ours, pathNot: ['^core/', adaptersAndChannels] },
    },
    {
      name: 'only-a-composition-root-imports-adapters',
      comment:
        'A process speaks to ports. Which technology stands behind a port is decided in one place, its main.ts (and in cli).',
      severity: 'error',
      from: { path: processes, pathNot: `(^|/)main\\.ts$|/testing/|${composedTest}` },
      to: { path: adaptersAndChannels },
    },
    {
      name: 'the-dashboard-imports-nothing-of-ours',
      comment:
        'What runs in a browser is served as it is: it knows the local API and no room of the house. The rest of the folder reads these files.',
      severity: 'error',
      from: { path: '^dashboard/' },
      to: { path: ours, pathNot: '^dashboard/' },
    },
    {
      name: 'pages-use-no-package',
      comment: 'There is no bundler: what a page imports, a browser fetches.',
      severity: 'error',
      from: { path: '^dashboard/page/', pathNot: testCode },
      to: { pathNot: '^dashboard/page/' },
    },
    {
      name: 'no-process-imports-another',
      comment: 'Processes share messages (schemas in core), never modules; only cli composes them.',
      severity: 'error',
      from: { path: '^(coordinator|gateway|executor|browser-agent|provision)/' },
      to: { path: '^(coordinator|gateway|executor|browser-agent|provision|cli)/', pathNot: '^$1/' },
    },
    {
      name: 'nothing-imports-cli-bench-or-scripts',
      comment:
        'The command line, the figures and the scripts stand on top of the house; nothing stands on them.',
      severity: 'error',
      from: { path: ours, pathNot: '^(cli|bench|scripts)/' },
      to: { path: '^(cli|bench|scripts)/' },
    },
    {
      name: 'workers-never-hold-the-database-or-the-cluster',
      comment:
        'An executor runs what a model wrote. It has no database or cluster credentials, so it must not even hold their clients (main.ts included).',
      severity: 'error',
      from: { path: '^(executor|browser-agent)/' },
      to: { path: '^adapters/(postgres|kubernetes)/|^node_modules/(pg|@electric-sql|@kubernetes)/' },
    },
    {
      name: 'no-relative-import-into-another-room',
      comment:
        'Rooms meet at their package names, where `exports` says what is public; a relative path goes behind that.',
      severity: 'error',
      from: {
        path: '^((?:adapters|channels)/[^/]+|core|skills|coordinator|gateway|executor|browser-agent|provision|dashboard|cli|bench|scripts)/',
      },
      to: { dependencyTypes: ['local'], dependencyTypesNot: ['aliased-workspace'], pathNot: '^$1/' },
    },
    {
      name: 'production-never-imports-test-code',
      comment: 'Fakes lie on purpose. Only tests, other test code and bench may use them.',
      severity: 'error',
      from: { path: ours, pathNot: testCode },
      to: { path: `/testing/|\\.test\\.ts$|${testRunner}` },
    },
    {
      name: 'child-processes-in-few-places',
      comment:
        'Everything a model asks to run runs in a sandbox. A process can be started only by the launcher, the shim inside the sandbox, the command line and test code.',
      severity: 'error',
      from: { path: ours, pathNot: ['^adapters/sandbox/', '^executor/shim(/|\\.|-)', '^cli/', testCode] },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'no-cycles',
      comment:
        'Modules that need each other are one module in two files: neither can be read or tested alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment:
        'An import that resolves to nothing escapes every other rule: a missing package, or a path that a package does not export.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-package',
      comment:
        "A package that a room uses stands in that room's package.json, so the room says what it needs.",
      severity: 'error',
      from: { path: ours, pathNot: testCode },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['(^|/)\\.reeve/', '(^|/)(fixtures|golden)/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
