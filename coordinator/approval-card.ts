import {
  type Approval,
  type Block,
  type Card,
  type ConversationPlace,
  describeOrigin,
  FILE_UNDO_DAYS,
  gitUpdateSchema,
  type JsonValue,
  type OutboxEntry,
  showHidden,
  showHiddenInLine,
  takesStandingYes,
} from '@reeve/core';
import { z } from 'zod';
import { raiseCard, raiseFields, raiseOf } from './budget-card.ts';
import { longArguments, SHOWN_BEGINNING } from './long-arguments.ts';
import { notAnswered, questionSentence } from './question-words.ts';
import { bytesText, momentText, updateText } from './wording.ts';

function approvalCardKey(code: string): string {
  return `approval:${code}`;
}

/**
 * The question as chat.md orders it: the plain verb, object and count; the exact effect; where it came from, with the
 * agent's reason marked as its claim; whether it can be taken back; until when; the buttons. Once settled, the same
 * card says who decided and when, without buttons.
 */
export function approvalCard(approval: Approval, timeZone: string): Card {
  const key = approvalCardKey(approval.code);
  const raise = raiseOf(approval);
  const long = longArguments(approval.call, approval.digest);
  if (raise && approval.state === 'pending') return raiseCard(approval, raise, key, timeZone);
  const fields = raise
    ? raiseFields(approval, raise)
    : [...effectFields(approval, new Set(long.map(({ name }) => name))), ...originFields(approval)];
  const head: Block[] = [
    { kind: 'heading', text: questionSentence(approval) },
    { kind: 'fields', fields },
    ...long.map(({ path, bytes, sha256 }): Block => ({ kind: 'file', path, bytes, sha256 })),
  ];
  if (approval.state !== 'pending') {
    return {
      key,
      title: `${settledIcon(approval)} ${questionSentence(approval)}`,
      blocks: [...head, { kind: 'text', text: settledText(approval, timeZone) }],
    };
  }
  const title = `? ${approval.call.task} asks: ${questionSentence(approval)}`;
  const expiry: Block = {
    kind: 'text',
    text: `No answer by ${momentText(approval.expiresAt, timeZone)}: ${approval.question === 'outcome' ? 'it is not repeated' : 'not done'}.`,
  };
  return {
    key,
    title,
    blocks: [...head, expiry, approval.question === 'outcome' ? outcomeButtons(approval) : buttons(approval)],
  };
}

/** Everything that will run, in words where there are some; what is empty is left out. */
function effectFields({ call }: Approval, attached: ReadonlySet<string>): { name: string; value: string }[] {
  const words = ACTIONS.get(call.tool) ?? showHiddenInLine(call.tool);
  const fields = [{ name: 'Action', value: words }];
  for (const [name, value] of Object.entries(call.arguments)) {
    if (isEmpty(value)) continue;
    const text = fieldText(call.tool, name, value);
    const isAttached = attached.has(name);
    fields.push({
      name: FIELD_NAMES.get(name) ?? `Argument “${showHiddenInLine(name)}”`,
      value: isAttached ? `${beginningOf(text)}\n… the rest is in the file attached below.` : text,
    });
  }
  return fields;
}

function beginningOf(text: string): string {
  return text.slice(0, SHOWN_BEGINNING).toWellFormed();
}

/** Arguments that are texts of many lines. Everywhere else a line feed is shown: it would draw a line of the card. */
const TEXTS: ReadonlySet<string> = new Set(['http.fetch body', 'schedule.create goal']);

function fieldText(tool: string, name: string, value: JsonValue): string {
  if (name === 'bytes' && typeof value === 'number') return bytesText(value);
  const updates = name === 'updates' ? z.array(gitUpdateSchema).safeParse(value) : null;
  if (updates?.success) return updates.data.map(updateText).join('\n');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return TEXTS.has(`${tool} ${name}`) ? showHidden(text) : showHiddenInLine(text);
}

function isEmpty(value: JsonValue): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

const ACTIONS: ReadonlyMap<string, string> = new Map([
  ['files.delete', 'delete this file from your files (files.delete)'],
  ['files.put', 'store this content among your files (files.put)'],
  ['http.fetch', 'make this request (http.fetch)'],
  ['git.open', 'let this task’s Git clone and fetch this repository (git.open)'],
  ['git.push', 'push exactly these changes; whether they replace history is the worker’s claim (git.push)'],
  ['schedule.create', 'have a worker do this by itself at these times (schedule.create)'],
  ['web.search', 'send these words to the search provider (web.search)'],
  [
    'network.open',
    'let this task’s commands reach this host; what they send is hidden from Reeve (network.open)',
  ],
]);

/** What “always” covers; it lapses after thirty days. */
const ALWAYS_LABELS: Readonly<Record<string, string>> = {
  'files.put': 'Always for this file',
  'http.fetch': 'Always read from this host',
  'network.open': 'Always open this host',
  'git.open': 'Always read this repository',
};

/** What “for this task” covers beyond this call. */
function taskLabel({ call }: Approval): string {
  switch (call.tool) {
    case 'files.put':
      return isInFolder(call) ? 'For this task, in this folder' : 'For this task, this file';
    case 'http.fetch':
      return 'For this task, from this host';
    default:
      return 'For this task';
  }
}

/** How a yes that reaches further than once is ended. */
function takenBackBy({ code, scope }: Approval): string {
  return scope === 'task' || scope === 'always' ? ` \`/revoke ${code}\` takes it back.` : '';
}

/** Whether a call is about a file that does not stand at the top of the owner's files. */
export function isInFolder({ tool, arguments: { path } }: Approval['call']): boolean {
  return tool === 'files.put' && typeof path === 'string' && path.includes('/');
}

const FIELD_NAMES: ReadonlyMap<string, string> = new Map([
  ['path', 'File'],
  ['bytes', 'Size'],
  ['sha256', 'Content (SHA-256)'],
  ['replaces', 'Replaces (SHA-256)'],
  ['method', 'Method'],
  ['url', 'Address'],
  ['headers', 'Headers'],
  ['body', 'Body'],
  ['secrets', 'Secrets it uses'],
  ['host', 'Host'],
  ['port', 'Port'],
  ['repository', 'Repository'],
  ['updates', 'Changes (commits as the worker says)'],
  ['query', 'Words'],
  ['count', 'Findings at most'],
  ['title', 'Title'],
  ['goal', 'What is done each time, word for word'],
  ['when', 'When'],
  ['rule', 'Rule'],
  ['timeZone', 'Time zone'],
]);

function originFields(approval: Approval): { name: string; value: string }[] {
  const fields = [
    {
      name: 'Asked by',
      value: `${approval.call.task}, started by ${showHiddenInLine(describeOrigin(approval.origin))}`,
    },
  ];
  if (approval.question === 'outcome') {
    fields.push({ name: 'Why nobody knows', value: showHiddenInLine(approval.reason) });
    fields.push({ name: 'What to do', value: 'Look whether it happened, then say so here.' });
    return fields;
  }
  if (approval.reason !== '')
    fields.push({ name: 'Its reason (its own claim)', value: showHiddenInLine(approval.reason) });
  fields.push({ name: 'Undo', value: undoText(approval) });
  fields.push({ name: 'What leaves Reeve', value: leavesText(approval.call) });
  fields.push({
    name: 'Kind',
    value: takesStandingYes(approval) ? TIER_WORDS[approval.tier] : ASKED_EACH_TIME[approval.tier],
  });
  return fields;
}

const TIER_WORDS: Readonly<Record<Approval['tier'], string>> = {
  read: 'read',
  change: 'a change: once, or for longer where a button says so',
  destructive: 'destructive: asked every time',
};

const ASKED_EACH_TIME: Readonly<Record<Approval['tier'], string>> = {
  ...TIER_WORDS,
  change: 'a change: asked every time',
};

/** What of the owner's gets out by a yes, and to whom. */
function leavesText({ tool, arguments: args }: Approval['call']): string {
  const host = (value: unknown) => showHiddenInLine(URL.parse(String(value))?.host ?? String(value));
  switch (tool) {
    case 'files.put':
    case 'files.delete':
      return 'nothing';
    case 'schedule.create':
      return 'nothing now; a run may look words up on the web, and asks before it sends anything else';
    case 'http.fetch':
      return `this request, to ${host(args['url'])}`;
    case 'network.open':
      return `whatever this task’s commands send, to ${showHiddenInLine(`${args['host']}:${args['port']}`)}`;
    case 'git.open':
      return `which repository is read, and your secret for Git there if one is set, to ${host(args['repository'])}`;
    case 'git.push':
      return `these commits and all their files, to ${host(args['repository'])}`;
    case 'web.search':
      return 'these words, to the search provider';
    default:
      return 'not known';
  }
}

function undoText({ call }: Approval): string {
  if (call.tool === 'schedule.create')
    return 'At any time: /schedule shows its number, such as S-1, and /schedule remove S-1 ends it.';
  if (call.tool === 'network.open')
    return 'No: what was sent cannot be called back. The host closes with the task.';
  if (call.tool === 'git.open') return 'Nothing to undo: it only reads. The repository closes with the task.';
  if (call.tool !== 'files.put' && call.tool !== 'files.delete') return 'Not known; treat it as final.';
  if (call.tool === 'files.put' && call.arguments['replaces'] === null)
    return 'Nothing is replaced, and the new file can be deleted.';
  return `For ${FILE_UNDO_DAYS} days: /undo ${showHiddenInLine(String(call.arguments['path'] ?? ''))}`;
}

/** Doing it again is the dangerous one: it may then have happened twice. */
function outcomeButtons({ code }: Approval): Block {
  return {
    kind: 'actions',
    actions: [
      {
        label: 'It happened',
        style: 'primary',
        action: { kind: 'happened', code },
        typed: `/happened ${code}`,
      },
      {
        label: 'Do it again',
        style: 'danger',
        action: { kind: 'approve', code, scope: 'once' },
        typed: `/approve ${code}`,
      },
      { label: 'Leave it', style: 'plain', action: { kind: 'deny', code }, typed: `/deny ${code}` },
    ],
  };
}

function buttons(approval: Approval): Block {
  const { code } = approval;
  const approve = (scope: 'once' | 'task' | 'always', label: string) =>
    ({
      label,
      style: approval.tier === 'destructive' ? 'danger' : 'primary',
      action: { kind: 'approve', code, scope },
      typed: scope === 'once' ? `/approve ${code}` : `/approve ${code} ${scope}`,
    }) as const;
  const wider =
    approval.tier === 'change' && takesStandingYes(approval)
      ? [
          approve('task', taskLabel(approval)),
          approve('always', ALWAYS_LABELS[approval.call.tool] ?? 'Always for exactly this'),
        ]
      : [];
  return {
    kind: 'actions',
    actions: [
      approve('once', 'Once'),
      ...wider,
      {
        label: 'Edit',
        style: 'plain',
        action: { kind: 'edit', code },
        typed: `/edit ${code} what to change`,
      },
      { label: 'Deny', style: 'plain', action: { kind: 'deny', code }, typed: `/deny ${code}` },
      {
        label: 'Deny and say why',
        style: 'plain',
        action: { kind: 'deny-saying', code },
        typed: `/deny ${code} why`,
      },
    ],
  };
}

function settledIcon(approval: Approval): string {
  return approval.state === 'approved' || approval.state === 'confirmed' ? '✓' : '✗';
}

function decider({ decidedBy }: Approval): string {
  return showHiddenInLine(decidedBy ?? 'the owner');
}

function settledText(approval: Approval, timeZone: string): string {
  const when = approval.decidedAt ? `, ${momentText(approval.decidedAt, timeZone)}` : '';
  switch (approval.state) {
    case 'pending':
      return 'Waiting for an answer.';
    case 'approved':
      return approval.question === 'outcome'
        ? `To be done once more, said ${decider(approval)}${when}.`
        : `Approved (${approval.scope ?? 'once'}) by ${decider(approval)}${when}.${takenBackBy(approval)}`;
    case 'confirmed':
      return `It happened, said ${decider(approval)}${when}.`;
    case 'denied':
      return `${approval.question === 'outcome' ? `Left as it is by ${decider(approval)}${when}. It may have happened` : `Denied by ${decider(approval)}${when}. Not done`}.${approval.note ? ` They said: ${showHidden(approval.note)}` : ''}`;
    case 'sent-back':
      return `Sent back by ${decider(approval)}${when}. Not done. Wanted: ${showHidden(approval.note ?? '')}`;
    case 'expired':
      return `Nobody answered in time. ${notAnswered(approval)}`;
    case 'voided':
      return `No longer asked${when}: the task ended or the request changed. ${notAnswered(approval)}`;
  }
}

export function approvalCardEntry(
  approval: Approval,
  conversation: ConversationPlace,
  id: string,
  timeZone: string,
): OutboxEntry {
  return {
    id,
    conversationId: conversation.id,
    chat: conversation.chat,
    content: { kind: 'card', card: approvalCard(approval, timeZone) },
    about: {
      kind: 'approval-card',
      code: approval.code,
      question: approval.question,
      taskId: approval.call.task,
      state: approval.state,
    },
    replyTo: null,
    urgency: 'answer',
    cardKey: approvalCardKey(approval.code),
  };
}
