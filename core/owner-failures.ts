import type { FailureKind } from './failure-kind.ts';

/** What can go wrong with settings, people and the tour; part of the one catalogue in `failure.ts`. */
export const OWNER_FAILURES = {
  'choice-over': {
    what: 'That is not asked any more.',
    notDone: 'Nothing was changed.',
    hint: 'The newest card says what is asked now; /start shows it once more.',
    retryable: false,
    status: 409,
  },
  'choice-unknown': {
    what: 'That answer is not on the card.',
    notDone: 'Nothing was changed.',
    hint: 'Take one of the answers that the card offers, or skip.',
    retryable: false,
    status: 422,
  },
  'setting-unknown': {
    what: 'There is no such setting.',
    notDone: 'Nothing was changed.',
    hint: 'See /config for the settings there are.',
    retryable: false,
    status: 404,
  },
  'setting-refused': {
    what: 'The setting cannot take this value.',
    notDone: 'Nothing was changed.',
    hint: 'See /config and the name of the setting for what it takes.',
    retryable: false,
    status: 422,
  },
  'setting-pinned': {
    what: 'This is set in the environment of the operator.',
    notDone: 'Nothing was changed.',
    hint: 'Change it there and start Reeve again.',
    retryable: false,
    status: 409,
  },
  'setting-nothing-to-undo': {
    what: 'There is no change of a setting to take back.',
    notDone: 'Nothing was changed.',
    hint: 'See /config history; to bring a file back, type its name after /undo.',
    retryable: false,
    status: 404,
  },
  'person-unknown': {
    what: 'There is nobody of that id.',
    notDone: 'Nothing was changed.',
    hint: 'See /people for who is known.',
    retryable: false,
    status: 404,
  },
  'person-fixed': {
    what: 'Who holds the token of this machine is always its owner.',
    notDone: 'Nothing was changed.',
    hint: 'Other people have other ids; see /people.',
    retryable: false,
    status: 409,
  },
  'owner-only': {
    what: 'Only the owner can do or see that.',
    notDone: 'Nothing was done.',
    hint: 'Ask the owner.',
    retryable: false,
    status: 403,
  },
  'task-not-yours': {
    what: 'This task was started by somebody else.',
    notDone: 'Nothing was changed.',
    hint: 'Ask whoever started it, or the owner.',
    retryable: false,
    status: 403,
  },
} as const satisfies Record<string, FailureKind>;
