/**
 * Where a tool acts. `scratch` and `self` (clock, calculator) can hurt nobody and never ask; `drive` (the owner's
 * files), `network` and `agenda` (what starts by itself) cross the sandbox's border and are policed call by call
 * (`policy.ts`).
 */
export type ToolPlace = 'self' | 'scratch' | 'drive' | 'network' | 'agenda';

interface ToolTraits {
  readonly place: ToolPlace;
  /** True when running it again after a lost result changes nothing. */
  readonly repeatable: boolean;
  readonly description: string;
}

const DEFINITIONS = [
  {
    name: 'shell.run',
    place: 'scratch',
    repeatable: false,
    description: 'Run a command in the sandbox. Returns exit code, output and errors.',
  },
  {
    name: 'file.read',
    place: 'scratch',
    repeatable: true,
    description: 'Read a text file from the scratch directory.',
  },
  {
    name: 'file.write',
    place: 'scratch',
    repeatable: true,
    description: 'Write a text file into the scratch directory.',
  },
  { name: 'file.list', place: 'scratch', repeatable: true, description: 'List the scratch directory.' },
  { name: 'files.list', place: 'drive', repeatable: true, description: "List the owner's files." },
  {
    name: 'files.get',
    place: 'drive',
    repeatable: true,
    description: "Copy one of the owner's files into the scratch directory.",
  },
  {
    name: 'files.put',
    place: 'drive',
    repeatable: false,
    description: "Store a scratch file among the owner's files. Results the owner asked for go there.",
  },
  {
    name: 'files.delete',
    place: 'drive',
    repeatable: false,
    description: "Delete one of the owner's files.",
  },
  {
    name: 'http.fetch',
    place: 'network',
    repeatable: false,
    description: 'Make one HTTP request through the gateway. Anything but reading asks the owner first.',
  },
  {
    name: 'network.open',
    place: 'network',
    repeatable: false,
    description: 'Ask to let commands reach one host, for pip, npm, curl and the like.',
  },
  {
    name: 'git.open',
    place: 'network',
    repeatable: false,
    description: 'Let git clone and fetch one repository. Needed before git clone.',
  },
  {
    name: 'git.push',
    place: 'network',
    repeatable: false,
    description: 'Push commits of a clone in scratch; git push alone is refused.',
  },
  {
    name: 'web.search',
    place: 'network',
    repeatable: true,
    description: 'Search the web. Returns titles, addresses and snippets; read a page with http_fetch.',
  },
  {
    name: 'schedule.create',
    place: 'agenda',
    repeatable: false,
    description: 'Have a job start by itself later, once or repeatedly.',
  },
  { name: 'clock', place: 'self', repeatable: true, description: 'The current date and time.' },
  {
    name: 'calculator',
    place: 'self',
    repeatable: true,
    description: 'Evaluate an arithmetic expression exactly.',
  },
] as const satisfies readonly (ToolTraits & { readonly name: string })[];

export type ToolName = (typeof DEFINITIONS)[number]['name'];

export interface ToolDefinition extends ToolTraits {
  readonly name: ToolName;
}

/** Every tool an executor offers its model, by name. */
export const TOOLS: ReadonlyMap<ToolName, ToolDefinition> = new Map(
  DEFINITIONS.map((definition) => [definition.name, definition]),
);

export function isToolName(name: string): name is ToolName {
  return TOOLS.has(name as ToolName);
}

const EFFECT_TOOLS: ReadonlySet<string> = new Set([
  'files.put',
  'files.delete',
  'http.fetch',
  'network.open',
  'git.push',
  'schedule.create',
]);

/** True for tools whose calls change something outside of the sandbox. */
export function isEffectTool(name: string): boolean {
  return EFFECT_TOOLS.has(name);
}

/** Tool names on the model's wire: providers allow no dots, so `shell.run` travels as `shell_run`. */
export function toWireName(name: string): string {
  return name.replaceAll('.', '_');
}

/** The tool that a wire name stands for; models answer with either spelling. */
export function fromWireName(wire: string): ToolName | null {
  for (const name of TOOLS.keys()) if (name === wire || toWireName(name) === wire) return name;
  return null;
}

export type ArgumentsParse =
  | { readonly kind: 'arguments'; readonly value: unknown }
  | { readonly kind: 'not-json' };

/**
 * Reads the arguments of a model's tool call. Lone surrogates and NUL, which no store or hash takes, become U+FFFD; an
 * empty text counts as no arguments.
 */
export function parseToolArguments(json: string): ArgumentsParse {
  try {
    const value: unknown = JSON.parse(json.trim() === '' ? '{}' : json, (_key, member: unknown) =>
      typeof member === 'string' ? member.toWellFormed().replaceAll('\0', '\uFFFD') : member,
    );
    return { kind: 'arguments', value };
  } catch {
    return { kind: 'not-json' };
  }
}
