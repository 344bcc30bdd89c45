import {
  type Clock,
  type ConfigRecords,
  type ConfigRevision,
  type Failure,
  isOwnerSetting,
  type Outcome,
  OWNER_SETTINGS,
  type OwnerSettingName,
  type OwnerValues,
  ownerSettingNames,
  type ResolvedSetting,
  resolveSetting,
  type SettingLayer,
  type SettingLayers,
  type SettingView,
  type Store,
  shownOwnerValue,
} from '@reeve/core';

/** What file and environment say of each setting that the owner may change. */
export type FixedLayers = Readonly<Record<OwnerSettingName, Omit<SettingLayers, 'owner'>>>;

export interface Changed {
  readonly before: SettingView;
  readonly after: SettingView;
  readonly revision: ConfigRevision;
}

interface Ask {
  /** The person's name. */
  readonly by: string;
  /** Identifies what asked; the same again changes nothing a second time. */
  readonly request: string;
}

/** The owner's settings while Reeve runs: what holds now, changing it, taking a change back. */
export interface SettingsDesk {
  /** Reads what was changed before; once, before anything else. */
  load(): Promise<void>;
  /** What holds now, from memory. */
  current(): OwnerValues;
  views(): SettingView[];
  view(name: OwnerSettingName): SettingView;
  /** `text` null takes the owner's own wish away, so that file or default count again. Refused before anything is written. */
  change(wish: Ask & { name: string; text: string | null; why: string | null }): Promise<Outcome<Changed>>;
  /** Takes the newest change back that was not taken back yet; said again, the one before it. */
  undo(ask: Ask): Promise<Outcome<Changed>>;
  history(limit: number): Promise<ConfigRevision[]>;
  /** Called after the commit of every change. */
  onChanged(listener: () => void): void;
  /** Changes of earlier days that this Reeve cannot take any more, each with its fix. */
  trouble(): readonly string[];
}

/**
 * Layers: default, settings file, the owner's newest revision, environment; the later wins. A revision and its audit
 * entry commit together, and count from the commit on. Changes are made one after the other.
 */
export function createSettingsDesk(deps: {
  store: Pick<Store, 'config' | 'transaction'>;
  clock: Clock;
  fixed: FixedLayers;
}): SettingsDesk {
  const { store, clock, fixed } = deps;
  const newest = new Map<string, ConfigRevision>();
  const listeners: (() => void)[] = [];
  let values = valuesOf(fixed, newest);
  let last: Promise<unknown> = Promise.resolve();

  function view(name: OwnerSettingName): SettingView {
    const resolved = resolve(fixed[name], name, newest.get(name));
    const source = resolved.kind === 'value' ? resolved.source : 'unset';
    const revision = newest.get(name) ?? null;
    const layers = layersOf(fixed[name], name, revision?.value ?? null);
    return { name, value: shownOwnerValue(values[name]), source, layers, revision };
  }

  function activate(revision: ConfigRevision): void {
    newest.set(revision.name, revision);
    values = valuesOf(fixed, newest);
    for (const listener of listeners) listener();
  }

  /** One after the other: what is checked is still so when it is written. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  async function write(
    draft: Omit<ConfigRevision, 'id' | 'before' | 'at'> & { name: OwnerSettingName },
  ): Promise<Outcome<Changed>> {
    const before = view(draft.name);
    const refusal = refusalOf(fixed[draft.name], draft.name, draft.value);
    if (refusal) return { kind: 'failed', failure: refusal };
    const at = clock.now();
    const revision = await store.transaction(async (records) => {
      const earlier = await records.config.byRequest(draft.request);
      if (earlier) return earlier;
      const standing = newest.get(draft.name)?.value ?? null;
      const written = await records.config.insert({ ...draft, before: standing, at });
      const { id, name, value, why, undoes, by } = written;
      const detail = { revision: id, before: standing, value, why, undoes };
      await records.audit.append(
        { event: 'setting-changed', actor: `person:${by}`, subject: name, detail },
        at,
      );
      return written;
    });
    if (revision.id > (newest.get(revision.name)?.id ?? 0)) activate(revision);
    return { kind: 'ok', value: { before, after: view(draft.name), revision } };
  }

  return {
    async load() {
      for (const revision of await store.config.current()) newest.set(revision.name, revision);
      values = valuesOf(fixed, newest);
    },
    current: () => values,
    views: () => ownerSettingNames().map(view),
    view,
    change: ({ name, text, why, by, request }) =>
      inTurn(async () =>
        isOwnerSetting(name)
          ? write({ name, value: text, why, by, request, undoes: null })
          : failed({ code: 'setting-unknown', about: name }),
      ),
    undo: ({ by, request }) =>
      inTurn(async () => {
        const again = await store.config.byRequest(request);
        const target = again ?? (await standing(store.config));
        if (!target || !isOwnerSetting(target.name)) return failed({ code: 'setting-nothing-to-undo' });
        const { name, before: value, id: undoes } = target;
        return write({ name, value: again ? again.value : value, why: null, by, request, undoes });
      }),
    history: (limit) => store.config.history(limit),
    onChanged: (listener) => void listeners.push(listener),
    trouble: () =>
      ownerSettingNames().flatMap((name) => {
        const wish = newest.get(name)?.value ?? null;
        const problem = wish === null ? null : problemOf(name, wish);
        return problem === null
          ? []
          : [`Your setting ${name} ${problem}. It does not count now; change it with /config ${name}.`];
      }),
  };
}

function standing(records: ConfigRecords): Promise<ConfigRevision | null> {
  return records.newestStanding();
}

function failed(failure: Failure): { readonly kind: 'failed'; readonly failure: Failure } {
  return { kind: 'failed', failure };
}

/** Why a wish cannot be written; null when it can. */
function refusalOf(
  layers: FixedLayers[OwnerSettingName],
  name: OwnerSettingName,
  value: string | null,
): Failure | null {
  if (layers.environment) return { code: 'setting-pinned', about: OWNER_SETTINGS[name].env };
  const problem = value === null ? null : problemOf(name, value);
  if (problem === null) return null;
  const example = problem.includes('such as') ? '' : `, such as ${OWNER_SETTINGS[name].example}`;
  return { code: 'setting-refused', about: `${name} ${problem}${example}` };
}

function problemOf(name: OwnerSettingName, owner: string): string | null {
  const layers = { file: undefined, environment: undefined, owner };
  const resolved = resolveSetting(OWNER_SETTINGS[name].schema, layers);
  return resolved.kind === 'wrong' ? resolved.problem : null;
}

/** A wish that this Reeve cannot take (an older one could) does not count: `trouble` says so. */
function resolve(
  layers: FixedLayers[OwnerSettingName],
  name: OwnerSettingName,
  revision: ConfigRevision | undefined,
): ResolvedSetting {
  const wish = revision?.value ?? null;
  const owner = wish === null || problemOf(name, wish) !== null ? undefined : wish;
  return resolveSetting(OWNER_SETTINGS[name].schema, { ...layers, owner });
}

/** A layer alone, as it would hold if it were the only one. */
function layersOf(
  { file, environment }: FixedLayers[OwnerSettingName],
  name: OwnerSettingName,
  owner: string | null,
): SettingLayer[] {
  const nothing = { file: undefined, owner: undefined, environment: undefined };
  const given = [
    { source: 'default' as const, layers: nothing },
    ...(file === undefined ? [] : [{ source: 'file' as const, layers: { ...nothing, file } }]),
    ...(owner === null ? [] : [{ source: 'owner' as const, layers: { ...nothing, owner } }]),
    ...(environment ? [{ source: 'environment' as const, layers: { ...nothing, environment } }] : []),
  ];
  return given.map(({ source, layers }) => {
    const resolved = resolveSetting(OWNER_SETTINGS[name].schema, layers);
    const value =
      resolved.kind === 'wrong'
        ? 'nothing that counts'
        : shownOwnerValue(resolved.value as OwnerValues[OwnerSettingName]);
    return { source, value };
  });
}

function valuesOf(fixed: FixedLayers, newest: ReadonlyMap<string, ConfigRevision>): OwnerValues {
  const entries = ownerSettingNames().map((name) => {
    const resolved = resolve(fixed[name], name, newest.get(name));
    if (resolved.kind === 'wrong') throw new Error(`${name} ${resolved.problem}`);
    return [name, resolved.value] as const;
  });
  return Object.fromEntries(entries) as unknown as OwnerValues;
}
