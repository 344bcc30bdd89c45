import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';

/** What a cruise saw and what it objects to. */
export interface CruiseFindings {
  /** TypeScript files of ours that were read, relative to the root. */
  readonly seen: readonly string[];
  readonly violations: readonly {
    readonly rule: string;
    readonly from: string;
    readonly to: string;
    readonly cycle: readonly string[];
  }[];
}

/**
 * Reads the imports of `folders` (relative to the working directory, which has to be the project's root:
 * dependency-cruiser resolves from there) under the law in `configuration`. Throws when the cruise itself fails.
 */
export async function cruiseImports(
  folders: readonly string[],
  configuration: IConfiguration,
): Promise<CruiseFindings> {
  const { forbidden, options } = configuration;
  const { output } = await cruise([...folders], {
    ...options,
    validate: true,
    ruleSet: { ...(forbidden === undefined ? {} : { forbidden }) },
  });
  if (typeof output === 'string')
    throw new Error('dependency-cruiser answered with text instead of a result');
  return readFindings(output);
}

function readFindings(result: ICruiseResult): CruiseFindings {
  return {
    seen: result.modules
      .map((module) => module.source)
      .filter((source) => source.endsWith('.ts') && !source.includes('node_modules/')),
    violations: result.summary.violations.map((violation) => ({
      rule: violation.rule.name,
      from: violation.from,
      to: violation.to,
      cycle: (violation.cycle ?? []).map((step) => step.name),
    })),
  };
}

/**
 * What is wrong, one entry per problem, empty when the law holds. A cruise that saw fewer files than the disk
 * holds is itself a problem: without a TypeScript it can use, dependency-cruiser reads nothing and calls it clean.
 */
export function judgeFindings(
  findings: CruiseFindings,
  sources: readonly string[],
  configuration: IConfiguration,
): string[] {
  if (findings.seen.length === 0) return ['The import checker saw no modules, so it proves nothing.'];
  const seen = new Set(findings.seen);
  const unseen = sources.filter((source) => !seen.has(source));
  const reasons = new Map(configuration.forbidden?.map((rule) => [rule.name, rule.comment]));
  return [
    ...(unseen.length === 0 ? [] : [describeUnseen(unseen, sources.length)]),
    ...findings.violations.map(({ rule, from, to, cycle }) => {
      const path = cycle.length > 0 ? [from, ...cycle].join(' -> ') : `${from} -> ${to}`;
      return `${rule}: ${path}\n    ${reasons.get(rule) ?? ''}`;
    }),
  ];
}

function describeUnseen(unseen: readonly string[], total: number): string {
  const shown = unseen.slice(0, 5).join(', ');
  return `The import checker did not see ${unseen.length} of ${total} files: ${shown}${unseen.length > 5 ? ', ...' : ''}`;
}
