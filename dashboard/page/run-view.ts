import { type ApiClient, Refused } from './api-client.ts';
import type { TaskDetail, TurnView } from './api-types.ts';
import { el, fill, icon } from './dom.ts';
import { moneyWords, spanWords } from './figure-words.ts';
import { type RunSpan, runSpans, runSums } from './run-spans.ts';
import { showHidden } from './visible-text.ts';

/** The developer's view: how a turn or task went, step by step. */
export interface RunView {
  /** Shows `T-3` or `turn:…`, or nothing. */
  show(run: string | null): Promise<void>;
  /** Something changed about a task: its run is read again when it is shown. */
  touch(task: string): void;
}

export interface RunViewDeps {
  readonly panel: HTMLElement;
  readonly client: Pick<ApiClient, 'task' | 'turn'>;
  readonly now: () => Date;
  readonly onClose: () => void;
}

/** Milliseconds between two readings of a run that changes all the time. */
const REFRESH_MS = 700;
/** Longer results are shown from their beginning; the file or the API has the rest. */
const SHOWN_CHARACTERS = 20_000;

export function createRunView(deps: RunViewDeps): RunView {
  const { panel, client } = deps;
  let shown: string | null = null;
  let timer: number | null = null;

  async function read(run: string): Promise<void> {
    try {
      const content = run.startsWith('turn:')
        ? turnContent(await client.turn(run.slice(5)), null)
        : await taskContent(run);
      if (shown === run) draw(run, content);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (shown === run) draw(run, [el('p', { class: 'note', role: 'alert' }, words)]);
    }
  }

  /** Null for a member: what the model was told is the owner's to see. */
  async function turnOf({ turnId }: TaskDetail): Promise<TurnView | null> {
    try {
      return await client.turn(turnId);
    } catch (error) {
      if (error instanceof Refused && error.code === 'owner-only') return null;
      throw error;
    }
  }

  async function taskContent(run: string): Promise<HTMLElement[]> {
    const task = await client.task(run);
    const turn = await turnOf(task);
    return [
      ...taskHead(task, deps.now()),
      ...(turn === null ? [] : turnContent(turn, run)),
      ...taskSpans(task, deps.now()),
    ];
  }

  function draw(run: string, content: readonly HTMLElement[]): void {
    const opened = new Set([...panel.querySelectorAll('details[open]')].map((each) => each.id));
    const hadFocus = document.activeElement?.id ?? '';
    const title = run.startsWith('turn:') ? 'How this answer came about' : run;
    const close = el(
      'button',
      { id: 'close-run', class: 'quiet square', 'aria-label': 'Close the run', onclick: deps.onClose },
      icon('close'),
    );
    fill(
      panel,
      el('div', { class: 'head' }, el('h2', { id: 'run-title', tabindex: -1 }, title), close),
      ...content,
    );
    for (const each of panel.querySelectorAll('details')) each.open = opened.has(each.id);
    if (hadFocus !== '') document.getElementById(hadFocus)?.focus();
  }

  return {
    async show(run) {
      const isNew = run !== shown;
      shown = run;
      panel.hidden = run === null;
      panel.parentElement?.classList.toggle('with-run', run !== null);
      if (run === null || !isNew) return;
      fill(panel);
      await read(run);
      panel.querySelector<HTMLElement>('#run-title')?.focus();
    },
    touch(task) {
      if (shown !== task || timer !== null) return;
      timer = window.setTimeout(() => {
        timer = null;
        if (shown === task) void read(task);
      }, REFRESH_MS);
    },
  };
}

function taskHead(task: TaskDetail, now: Date): HTMLElement[] {
  const { startedAt, endedAt, createdAt, state, waitingFor } = task;
  const end = endedAt === null ? now.getTime() : Date.parse(endedAt);
  const sums = runSums(task, now);
  const tokens = `${sums.inputTokens.toLocaleString()} in, ${sums.outputTokens.toLocaleString()} out`;
  const figures: [string, string][] = [
    ['State', waitingFor === null ? state : `${state} for ${waitingFor}`],
    ['Took', spanWords(end - Date.parse(startedAt ?? createdAt))],
    ['Waited for you', spanWords(sums.waitedMs)],
    ['Model calls', String(sums.modelCalls)],
    ['Tool calls', String(sums.toolCalls)],
    [sums.isEstimated ? 'Tokens (estimated)' : 'Tokens', tokens],
    ['Cost', costWords(task.usage)],
  ];
  return [
    el('p', {}, showHidden(task.title)),
    el(
      'dl',
      { class: 'sums' },
      ...figures.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
    ),
    el('h3', {}, 'Goal'),
    el('p', {}, showHidden(task.goal)),
    el('h3', {}, 'May touch'),
    el(
      'ul',
      { class: 'capabilities' },
      ...task.capabilities.map((each) => el('li', {}, el('code', {}, each))),
    ),
  ];
}

function costWords({ spent, cap, byModel }: TaskDetail['usage']): string {
  const unpriced = byModel.some(({ unpricedCalls }) => unpricedCalls > 0)
    ? ' (a model without a price not counted)'
    : '';
  return `${moneyWords(spent.usd)}${cap.usd === null ? '' : ` of ${moneyWords(cap.usd)}`}${unpriced}`;
}

function taskSpans(task: TaskDetail, now: Date): HTMLElement[] {
  const spans = runSpans(task, now);
  const whole = Math.max(1, ...spans.map(({ start, duration }) => start + duration));
  const result = task.outcome
    ? [el('h3', {}, 'Outcome'), el('p', {}, showHidden(`${task.outcome.kind}: ${task.outcome.summary}`))]
    : [];
  return [
    el('h3', {}, 'Timeline'),
    el('ol', { class: 'spans' }, ...spans.map((span, index) => renderSpan(span, index, whole))),
    ...result,
  ];
}

function renderSpan(span: RunSpan, index: number, whole: number): HTMLElement {
  const bar = el('i');
  bar.style.left = `${(span.start / whole) * 100}%`;
  bar.style.width = `${(span.duration / whole) * 100}%`;
  const line = [
    el('span', { class: 'offset' }, spanWords(span.start)),
    el(
      'span',
      { class: 'what' },
      el('b', {}, showHidden(span.label)),
      ` ${showHidden(span.about)}`,
      el('span', { class: 'track', 'aria-hidden': 'true' }, bar),
    ),
    el('span', { class: 'took' }, spanWords(span.duration)),
  ];
  const classes = `span ${span.kind}${span.isBad ? ' bad' : ''}`;
  if (span.parts.length === 0) return el('li', { class: classes }, el('div', { class: 'plain' }, ...line));
  return el(
    'li',
    { class: classes },
    el(
      'details',
      { id: `span-${index}` },
      el('summary', { id: `span-line-${index}` }, ...line),
      ...span.parts.flatMap(({ title, text }) => part(title, text)),
    ),
  );
}

function part(title: string, text: string): HTMLElement[] {
  const isCut = text.length > SHOWN_CHARACTERS;
  const words = isCut
    ? `${text.slice(0, SHOWN_CHARACTERS)}\n… ${(text.length - SHOWN_CHARACTERS).toLocaleString()} more characters`
    : text;
  return [
    el('h4', {}, title),
    el('pre', { tabindex: 0, role: 'region', 'aria-label': title }, showHidden(words)),
  ];
}

/** JSON over several lines; what is no JSON stays as the model wrote it. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** The rounds of a turn: what the coordinator's model called before it answered. */
function turnContent(turn: TurnView, task: string | null): HTMLElement[] {
  return [...roundContent(turn, task), ...callContent(turn)];
}

/** What the model was really asked, call by call. */
function callContent({ calls }: TurnView): HTMLElement[] {
  if (calls.length === 0) return [];
  return [
    el('h3', {}, 'Model calls and their exact prompts'),
    el(
      'ol',
      { class: 'spans' },
      ...calls.map(({ at, durationMs, model, inputTokens, outputTokens, messages, tools, prompt }, index) => {
        const id = `model-call-${index}`;
        const tokens = inputTokens === null ? '' : `${inputTokens} tokens in, ${outputTokens ?? 0} out`;
        return el(
          'li',
          { class: 'span call' },
          el(
            'details',
            { id },
            el(
              'summary',
              { id: `${id}-line` },
              el('span', { class: 'offset' }, new Date(at).toLocaleTimeString()),
              el('span', { class: 'what' }, el('b', {}, showHidden(model)), ` ${tokens}`),
              el('span', { class: 'took' }, spanWords(durationMs)),
            ),
            ...messages.flatMap(({ role, content }) => part(role, content)),
            ...part('Tools on offer', tools.join(', ')),
            ...part('As it was sent (JSON)', prompt),
          ),
        );
      }),
    ),
  ];
}

function roundContent(turn: TurnView, task: string | null): HTMLElement[] {
  if (turn.rounds.length === 0)
    return task === null
      ? [el('p', { class: 'note' }, 'It was answered at once: no tool was called and no task was started.')]
      : [];
  return [
    el('h3', {}, task === null ? 'Rounds' : 'The turn that started it'),
    el(
      'ol',
      { class: 'spans' },
      ...turn.rounds.flatMap(({ round, text, toolCalls, results }) =>
        toolCalls.map((call) => {
          const result = results.find(({ callId }) => callId === call.id);
          const parts = [
            ...(text === '' ? [] : part('It said', text)),
            ...part('Arguments', indented(call.arguments)),
            ...(result ? part('Result', result.content) : []),
          ];
          const id = `round-${round}-${call.id}`;
          const summary = el(
            'summary',
            { id: `${id}-line` },
            el('span', { class: 'offset' }, `Round ${round}`),
            el('span', { class: 'what' }, el('b', {}, showHidden(call.name))),
            el('span', { class: 'took' }, ''),
          );
          return el('li', { class: 'span call' }, el('details', { id }, summary, ...parts));
        }),
      ),
    ),
  ];
}
