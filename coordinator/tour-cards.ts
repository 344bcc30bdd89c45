import type { Card, Conversation, OutboxEntry, Tour, TourStep } from '@reeve/core';

/** One answer that a card of the tour offers. */
interface Offer {
  readonly option: string;
  readonly label: string;
}

interface Station {
  readonly title: string;
  readonly text: string;
  readonly offers: readonly Offer[];
  /** What else can be typed. */
  readonly other?: string;
}

/** The option that goes on without an answer. */
export const SKIP = 'skip';
const ENTRY_CHARACTERS = 8;

/** What the first job may be; phrases that the rehearsal model understands, too. */
export const FIRST_JOBS: ReadonlyMap<string, { readonly label: string; readonly goal: string }> = new Map([
  ['primes', { label: 'A table of primes', goal: 'Make a CSV of the first 20 primes and tell me their sum' }],
  ['note', { label: 'A short note', goal: 'Create a file hello.txt with the text: Hello from a worker' }],
  ['machine', { label: 'A look at the sandbox', goal: 'Run the command: uname -sr && nproc && df -h .' }],
]);

/** When the first job is offered to be done again. */
export const TOUR_TIMES = 'every Monday at 09:00';

/** How far the tour is, for its cards. */
const NUMBERS: Readonly<Record<TourStep, number>> = {
  'time-zone': 1,
  tone: 2,
  'quiet-hours': 3,
  'first-job': 4,
  result: 4,
  question: 5,
  answer: 5,
};
const STATIONS = 5;

/** What the cards' words depend on. */
export interface Surroundings {
  readonly timeZone: string;
  /** Whether anybody listens to recordings. */
  readonly hears: boolean;
  /** Whether a model sees images. */
  readonly sees: boolean;
}

function stationOf(step: TourStep, { timeZone, hears, sees }: Surroundings): Station {
  switch (step) {
    case 'time-zone':
      return {
        title: `Is your time zone ${timeZone}?`,
        text: 'Clocks on cards, and where a day begins for budgets, go by it.',
        offers: [{ option: 'yes', label: 'Yes' }],
        other: '/choose time-zone Europe/Paris',
      };
    case 'tone':
      return {
        title: 'How shall I sound?',
        text: 'Or in your own words.',
        offers: ['plain', 'warm', 'brief'].map((option) => ({ option, label: capital(option) })),
        other: '/choose tone friendly, without jokes',
      };
    case 'quiet-hours':
      return {
        title: 'When shall I keep quiet?',
        text: 'Results and questions then wait until the hours are over. Answers to you always come, and while you are here nothing waits.',
        offers: [
          { option: '22:00-07:00', label: '22 to 7' },
          { option: '23:00-08:00', label: '23 to 8' },
          { option: 'off', label: 'Never' },
        ],
        other: '/choose quiet-hours 21:30-06:30',
      };
    case 'first-job':
      return {
        title: 'What shall I start with?',
        text: [
          `Send me something of yours: a link, a PDF or another file, ${hears ? 'a photo, a voice note' : 'or a photo'}.`,
          'A worker in a sandbox of its own tells you what is in it. Or take one of these.',
          ...lacking({ hears, sees }),
        ].join(' '),
        offers: [...FIRST_JOBS].map(([option, { label }]) => ({ option, label })),
        other: '/choose first-job notes.txt (a file of yours); in the terminal, /attach report.pdf.',
      };
    case 'result':
      return {
        title: 'A worker is at it',
        text: 'Its card above shows each step, and the result comes as a message of its own, with its proof. Then we go on by ourselves; talk to me meanwhile, I am free.',
        offers: [],
      };
    case 'question':
      return {
        title: 'Shall I do this every Monday 09:00?',
        text: 'What you had me do first (or a table of primes) can start by itself from now on. That needs your yes, so a worker asks, with a card that shows exactly what will run. Say yes or no as you like: nothing else hangs on it, and a yes can be taken back at any time.',
        offers: [{ option: 'ask', label: 'Ask me' }],
      };
    case 'answer':
      return {
        title: 'The question is on its way',
        text: 'Its card shows exactly what will run. No answer means: not done. It can wait for days, and restarts do not lose it. When you have said yes or no, I show you what else there is.',
        offers: [],
      };
  }
}

/** What a photo or a voice note would still need. */
function lacking({ hears, sees }: Pick<Surroundings, 'hears' | 'sees'>): string[] {
  const cannot = [...(sees ? [] : ['see what a photo shows']), ...(hears ? [] : ['hear voice notes'])];
  return cannot.length === 0 ? [] : [`I cannot ${cannot.join(' or ')} yet: /connect tells what to set.`];
}

/** A step's card with its buttons, each with the words that do the same when they are typed. */
export function stepCard(tour: Tour, step: TourStep, around: Surroundings): Card {
  const { title, text, offers, other } = stationOf(step, around);
  const key = keyOf(tour, step);
  const button = ({ option, label }: Offer, style: 'primary' | 'plain') => ({
    label,
    style,
    action: { kind: 'choose' as const, card: key, option },
    typed: `/choose ${step} ${option}`,
  });
  const skip = button({ option: SKIP, label: offers.length === 0 ? 'Go on now' : 'Skip' }, 'plain');
  return {
    key,
    title: `${NUMBERS[step]} of ${STATIONS} · ${title}`,
    blocks: [
      { kind: 'text', text: other === undefined ? text : `${text} Another answer: ${other}` },
      { kind: 'actions', actions: [...offers.map((offer) => button(offer, 'primary')), skip] },
    ],
  };
}

/** The same card once it is answered: one line. */
export function answeredCard(tour: Tour, step: TourStep, sentence: string): Card {
  return { key: keyOf(tour, step), title: sentence, blocks: [] };
}

/** The step that a card of the tour asked about; null for any other card. */
export function stepOfCard(key: string): string | null {
  return /^tour:[^:]*:(?<step>[a-z-]+)$/.exec(key)?.groups?.['step'] ?? null;
}

/** True for what this step's card offers, or takes when it is typed. */
export function isOffered(step: TourStep, option: string): boolean {
  const { offers, other } = stationOf(step, { timeZone: '', hears: true, sees: true });
  return other !== undefined || option === SKIP || offers.some((offer) => offer.option === option);
}

/** A message of the tour: a card, or one that is edited. */
export function tourEntry(id: string, { id: conversationId, chat }: Conversation, card: Card): OutboxEntry {
  return {
    id,
    conversationId,
    chat,
    content: { kind: 'card', card },
    about: { kind: 'notice' },
    replyTo: null,
    urgency: 'answer',
    cardKey: card.key,
  };
}

export const WHAT_ELSE = [
  'That was the tour. What else there is:',
  '',
  '- Say what you want done in your own words, several things at once if you like; attach files to a message.',
  '- Reply to a task’s card, or type `/tell T-3 …`, to correct it; `/cancel` stops it.',
  '- `/status` shows what runs and what waits for you, `/why T-3` what a task did and on whose word.',
  '- `/always …` keeps a lasting wish; `/config` holds everything that can be changed, `/people` who else may talk to me.',
  '',
  '`/connect` shows what I can be connected to, `/help` every command. `/start again` begins the tour anew.',
].join('\n');

/** Short, because a chat's button may carry no more than some dozen characters besides. */
function keyOf({ entry }: Tour, step: TourStep): string {
  return `tour:${entry.slice(-ENTRY_CHARACTERS)}:${step}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
