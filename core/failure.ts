import type { FailureKind } from './failure-kind.ts';
import { OWNER_FAILURES } from './owner-failures.ts';
import { SCHEDULE_FAILURES } from './schedule-failures.ts';
import { SPEECH_FAILURES } from './speech-failures.ts';

const kinds = {
  ...OWNER_FAILURES,
  ...SCHEDULE_FAILURES,
  ...SPEECH_FAILURES,
  'message-empty': {
    what: 'The message is empty.',
    notDone: 'Nothing was sent.',
    hint: 'Write a few words or attach a file.',
    retryable: false,
    status: 422,
  },
  'message-too-long': {
    what: 'The message is longer than 64,000 characters.',
    notDone: 'It was not stored and not answered.',
    hint: 'Attach long text as a file instead.',
    retryable: false,
    status: 413,
  },
  'message-not-text': {
    what: 'The message holds binary data.',
    notDone: 'It was not stored and not answered.',
    hint: 'Attach it as a file instead.',
    retryable: false,
    status: 422,
  },
  'sender-unknown': {
    what: 'This sender is not known here.',
    notDone: 'Nothing was read or done.',
    hint: 'The owner can admit people.',
    retryable: false,
    status: 403,
  },
  'command-unknown': {
    what: 'There is no such command.',
    notDone: 'Nothing was done.',
    hint: 'See /help for the commands there are.',
    retryable: false,
    status: 404,
  },
  'command-usage': {
    what: 'That is not how the command is used.',
    notDone: 'Nothing was done.',
    hint: 'See /help for how it is used.',
    retryable: false,
    status: 422,
  },
  'task-unknown': {
    what: 'There is no such task.',
    notDone: 'Nothing was done.',
    hint: 'See /tasks for the recent ones.',
    retryable: false,
    status: 404,
  },
  'task-over': {
    what: 'That task has already ended.',
    notDone: 'Nothing was changed.',
    hint: 'Ask again to start a new one.',
    retryable: false,
    status: 409,
  },
  'grant-unknown': {
    what: 'Nothing was allowed for longer than once under that code.',
    notDone: 'Nothing was changed.',
    hint: 'See /revoke for the list of what was.',
    retryable: false,
    status: 404,
  },
  'approval-unknown': {
    what: 'There is no such question.',
    notDone: 'Nothing was decided.',
    hint: 'See /status for what waits for you.',
    retryable: false,
    status: 404,
  },
  'approval-decided': {
    what: 'That question has already been answered.',
    notDone: 'Your answer changed nothing.',
    hint: 'The card shows who decided and when.',
    retryable: false,
    status: 409,
  },
  'approval-expired': {
    what: 'That question has expired.',
    notDone: 'What it asked for was not done.',
    hint: 'Ask again to get a new question.',
    retryable: false,
    status: 410,
  },
  'approval-not-begun': {
    what: 'That question is not about something that was begun.',
    notDone: 'Nothing was decided.',
    hint: 'Answer it with /approve or /deny and its code.',
    retryable: false,
    status: 422,
  },
  'instructions-full': {
    what: 'There are too many lasting wishes: they are read with every message.',
    notDone: 'The new one was not kept.',
    hint: 'Shorten INSTRUCTIONS.md among your files, then type it again.',
    retryable: false,
    status: 422,
  },
  'approval-not-editable': {
    what: 'That question is not about something that can be changed.',
    notDone: 'Nothing was decided.',
    hint: 'Answer it with one of the buttons of its card.',
    retryable: false,
    status: 422,
  },
  'approval-scope': {
    what: 'A yes to this counts once only.',
    notDone: 'Nothing was decided.',
    hint: 'Approve it once, or deny it.',
    retryable: false,
    status: 422,
  },
  'budget-exhausted': {
    what: 'The budget is used up.',
    notDone: 'No model was called.',
    hint: 'Answer the card that asks whether to add to it; commands such as /status work all the same.',
    retryable: false,
    status: 402,
  },
  'budget-denied': {
    what: 'Its budget was used up, and no more was added.',
    notDone: 'The task was ended before it was done.',
    hint: 'Ask again to start a new one, which has a budget of its own.',
    retryable: false,
    status: 402,
  },
  'approval-not-yours': {
    what: 'Only the owner may answer that question.',
    notDone: 'Nothing was decided.',
    hint: 'Ask the owner to answer it.',
    retryable: false,
    status: 403,
  },
  'file-unknown': {
    what: 'There is no such file.',
    notDone: 'Nothing was read.',
    hint: 'List the files to see their names.',
    retryable: false,
    status: 404,
  },
  'file-name-refused': {
    what: 'That is not a usable file name.',
    notDone: 'Nothing was stored.',
    hint: 'Use a name without “..” and of at most 1,024 bytes.',
    retryable: false,
    status: 422,
  },
  'file-too-large': {
    what: 'The file is too large.',
    notDone: 'Nothing was stored.',
    hint: 'Files up to 25 MB are taken.',
    retryable: false,
    status: 413,
  },
  'secret-unknown': {
    what: 'There is no such secret.',
    notDone: 'Nothing was changed.',
    hint: '`reeve secret list` shows their names; `reeve secret set NAME --host HOST` makes one.',
    retryable: false,
    status: 404,
  },
  'secret-name-refused': {
    what: 'That is not a usable name for a secret.',
    notDone: 'Nothing was stored.',
    hint: 'Use capital letters, digits and “_”, at most 64, a letter first: GITHUB, MAIL_2.',
    retryable: false,
    status: 422,
  },
  'secret-host-refused': {
    what: 'A secret cannot be bound to that host.',
    notDone: 'Nothing was stored.',
    hint: 'Name one or more hosts in full, without a port: --host api.github.com.',
    retryable: false,
    status: 422,
  },
  'secret-value-refused': {
    what: 'That value cannot be kept as a secret.',
    notDone: 'Nothing was stored.',
    hint: 'Give 8 to 4,096 printable ASCII characters; it goes out in a header.',
    retryable: false,
    status: 422,
  },
  'secret-unreadable': {
    what: 'The secret does not open with the keys of this home.',
    notDone: 'Nothing was changed.',
    hint: 'Restore the files keys/secret-key-v*, or set the secret again.',
    retryable: false,
    status: 500,
  },
  'request-malformed': {
    what: 'The request is not in the expected form.',
    notDone: 'Nothing was done.',
    hint: 'The API is described at /openapi.json.',
    retryable: false,
    status: 400,
  },
  'route-unknown': {
    what: 'The API has nothing at this address.',
    notDone: 'Nothing was done.',
    hint: 'The API is described at /openapi.json.',
    retryable: false,
    status: 404,
  },
  'method-wrong': {
    what: 'This address does not take that method.',
    notDone: 'Nothing was done.',
    hint: 'The API is described at /openapi.json.',
    retryable: false,
    status: 405,
  },
  'token-missing': {
    what: 'The request carries no valid token.',
    notDone: 'Nothing was read or done.',
    hint: 'Send “Authorization: Bearer <token>”; the token is in keys/api-token in the home.',
    retryable: false,
    status: 401,
  },
  'link-expired': {
    what: 'This link does not count any more: it is older than a day, or Reeve was started again since.',
    notDone: 'This browser was not signed in.',
    hint: 'Type `reeve web` (or `npm run reeve -- web`) where Reeve runs; it prints a new link.',
    retryable: false,
    status: 401,
  },
  'link-used': {
    what: 'This link was used before, and each works once.',
    notDone: 'This browser was not signed in.',
    hint: 'Type `reeve web` (or `npm run reeve -- web`) where Reeve runs for a new one. If nobody you know used it, stop Reeve, delete keys/web-key in its home, and start it again: that signs every browser out.',
    retryable: false,
    status: 401,
  },
  'title-refused': {
    what: 'That is not a usable title.',
    notDone: 'The conversation keeps its title.',
    hint: 'Use 1 to 80 characters.',
    retryable: false,
    status: 422,
  },
  'conversation-unknown': {
    what: 'There is no such conversation.',
    notDone: 'Nothing was done.',
    hint: 'Say something in it first.',
    retryable: false,
    status: 404,
  },
  'origin-refused': {
    what: 'The request comes from a page of another site.',
    notDone: 'Nothing was read or done.',
    hint: 'Open the printed link itself.',
    retryable: false,
    status: 403,
  },
  'model-unreachable': {
    what: 'The model could not be reached.',
    notDone: 'There is no answer yet; nothing was started.',
    hint: 'Check the network and OPENAI_BASE_URL, then say it again. `reeve doctor` shows more.',
    retryable: true,
    status: 502,
  },
  'model-refused-key': {
    what: 'The model provider refused the key.',
    notDone: 'There is no answer; nothing was started.',
    hint: 'Set a valid OPENAI_API_KEY or OPENROUTER_API_KEY and restart. Commands such as /status work meanwhile.',
    retryable: false,
    status: 502,
  },
  'model-rate-limited': {
    what: 'The model provider is refusing more requests for now.',
    notDone: 'There is no answer yet; nothing was started.',
    hint: 'Wait a minute, then say it again.',
    retryable: true,
    status: 502,
  },
  'model-failed': {
    what: 'The model provider failed.',
    notDone: 'There is no answer; nothing was started.',
    hint: 'Say it again in a moment, or set REEVE_MODEL_FALLBACK.',
    retryable: true,
    status: 502,
  },
  'model-cut-off': {
    what: 'The model’s answer broke off.',
    notDone: 'The half answer was dropped; nothing in it was done.',
    hint: 'Say it again.',
    retryable: true,
    status: 502,
  },
  'model-timeout': {
    what: 'The model did not answer in time.',
    notDone: 'There is no answer; nothing was started.',
    hint: 'Say it again, or choose a faster model.',
    retryable: true,
    status: 504,
  },
  'model-bad-answer': {
    what: 'The model’s answer made no sense.',
    notDone: 'It was dropped; nothing in it was done.',
    hint: 'Say it again, or choose another model.',
    retryable: true,
    status: 502,
  },
  'model-loop': {
    what: 'The model kept repeating the same call.',
    notDone: 'It was broken off after five times; the rest was not done.',
    hint: 'Say it in other words, or choose another model.',
    retryable: false,
    status: 502,
  },
  'turn-too-long': {
    what: 'The model kept calling tools without answering.',
    notDone: 'It was broken off; what it had started goes on.',
    hint: 'See /status, then say it in other words.',
    retryable: false,
    status: 502,
  },
  'task-poisoned': {
    what: 'The task’s worker was lost three times in a row.',
    notDone: 'It was set aside; what its steps show was done, the rest was not.',
    hint: 'See /why for its steps, then ask again in other words.',
    retryable: false,
    status: 500,
  },
  'task-steps': {
    what: 'The task used up its steps.',
    notDone: 'It was broken off; what its steps show was done, the rest was not.',
    hint: 'Ask for a smaller part of it.',
    retryable: false,
    status: 500,
  },
  'task-deadline': {
    what: 'The task ran out of time.',
    notDone: 'It was ended; what its steps show was done, the rest was not.',
    hint: 'Ask again, in smaller parts.',
    retryable: true,
    status: 504,
  },
  'sandbox-unavailable': {
    what: 'The sandbox cannot be started on this machine.',
    notDone: 'The task did not run; nothing runs outside its sandbox.',
    hint: 'Run `reeve doctor`; it names what is missing.',
    retryable: false,
    status: 500,
  },
  'disk-full': {
    what: 'The disk is full.',
    notDone: 'Nothing new was stored.',
    hint: 'Free some space; Reeve goes on by itself.',
    retryable: true,
    status: 507,
  },
  'database-away': {
    what: 'The database does not answer.',
    notDone: 'The message was not stored.',
    hint: 'Send it again in a moment.',
    retryable: true,
    status: 503,
  },
  'taken-over': {
    what: 'Another Reeve has taken this database over.',
    notDone: 'The message was not stored here.',
    hint: 'Talk to the other one; this one stops.',
    retryable: false,
    status: 503,
  },
  'turn-stopped': {
    what: 'Stopped before there was an answer.',
    notDone: 'Nothing more was started.',
    hint: 'Say it again when you want it after all.',
    retryable: true,
    status: 499,
  },
  'undo-nothing': {
    what: 'There is nothing to bring back under that name.',
    notDone: 'Nothing was changed.',
    hint: '/files lists your files; only overwritten and deleted ones can be brought back.',
    retryable: false,
    status: 404,
  },
  'host-refused': {
    what: 'The request names another host.',
    notDone: 'Nothing was read or done.',
    hint: 'Use http://127.0.0.1 and the printed port.',
    retryable: false,
    status: 403,
  },
  'message-set-aside': {
    what: 'Handling this message failed three times.',
    notDone: 'It was set aside without an answer.',
    hint: 'Say it in other words; the log has the details.',
    retryable: false,
    status: 500,
  },
  internal: {
    what: 'Something went wrong inside Reeve.',
    notDone: 'The request was not carried out.',
    hint: 'Say it again; if it happens again, the log has the details under the reference.',
    retryable: true,
    status: 500,
  },
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof kinds;

/** Every failure that a person can meet, by code. */
export const FAILURES: Readonly<Record<FailureCode, FailureKind>> = kinds;

/** A failure that happened: its code and, where it helps, the thing it is about (`T-9`, a file name). */
export interface Failure {
  readonly code: FailureCode;
  readonly about?: string;
}

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(kinds, code);
}

/** The failure in words for chat and terminal: what failed, what was not done, what to do next. */
export function failureText(failure: Failure): string {
  const kind = FAILURES[failure.code];
  const what = failure.about ? `${kind.what.replace(/\.$/, '')}: ${failure.about}.` : kind.what;
  return `${what} ${kind.notDone} ${kind.hint}`;
}

/** The failure as RFC 9457 problem details. */
export function failureProblem(failure: Failure): {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: FailureCode;
  retryable: boolean;
} {
  const kind = FAILURES[failure.code];
  return {
    type: `urn:reeve:failure:${failure.code}`,
    title: kind.what,
    status: kind.status,
    detail: failureText(failure),
    code: failure.code,
    retryable: kind.retryable,
  };
}
