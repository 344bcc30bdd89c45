import type { InlineKeyboardMarkup, MessageEntity } from '@grammyjs/types';
import { type Answer, badRequest, ok, refusal } from './answer.ts';
import type { Given } from './method-schemas.ts';
import type { Parameters } from './parameters.ts';
import { CAPTION_LIMIT, checkText, TEXT_LIMIT } from './text-check.ts';
import { type ShownMessage, type World, wireMessage } from './world.ts';

const DRAFT_MS = 30_000;
const MB = 1024 * 1024;
const MOST_BYTES = { photo: 10 * MB, document: 50 * MB, voice: 50 * MB } as const;
/** Bots cannot download more. */
const DOWNLOAD_LIMIT = 20 * MB;
const NOT_MODIFIED =
  'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message';

type Target = Pick<
  Given<'sendmessage'>,
  'chat_id' | 'message_thread_id' | 'reply_markup' | 'reply_parameters'
>;

/** Why the bot may not write there, or null. */
function unreachable(world: World, chatId: number): Answer | null {
  const movedTo = world.movedTo.get(chatId);
  if (movedTo !== undefined)
    return {
      kind: 'error',
      status: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      migrateTo: movedTo,
    };
  const chat = world.chats.get(chatId);
  if (!chat) return badRequest('chat not found');
  if (world.blockedBy.has(chatId))
    return chat.type === 'private'
      ? refusal(403, 'Forbidden: bot was blocked by the user')
      : refusal(403, 'Forbidden: bot was kicked from the group chat');
  return null;
}

function post(
  world: World,
  given: Target,
  words: Pick<ShownMessage, 'text' | 'entities' | 'file' | 'previewsLinks'>,
): Answer {
  const reply = given.reply_parameters;
  const replied = reply ? world.message(given.chat_id, reply.message_id) : null;
  if (reply && !replied && !reply.allow_sending_without_reply)
    return badRequest('message to be replied not found');
  const shown: ShownMessage = {
    ...words,
    id: world.newMessageId(given.chat_id),
    chatId: given.chat_id,
    from: world.bot,
    threadId: given.message_thread_id ?? null,
    buttons: keyboardOf(given.reply_markup),
    replyTo: replied?.id ?? null,
    edits: 0,
    isDeleted: false,
    reactions: [],
    at: world.now(),
  };
  world.put(shown);
  world.setDraft(given.chat_id, null);
  return ok(wireMessage(world, shown));
}

function keyboardOf(markup: Target['reply_markup']): InlineKeyboardMarkup['inline_keyboard'] {
  return (markup?.inline_keyboard ?? []) as InlineKeyboardMarkup['inline_keyboard'];
}

export function sendMessage(world: World, given: Given<'sendmessage'>): Answer {
  const checked = checkText(given.text, given.entities as unknown as MessageEntity[], TEXT_LIMIT);
  if (checked.kind === 'refused') return refusal(400, checked.description);
  const { text, entities } = checked;
  const previewsLinks = given.link_preview_options?.is_disabled !== true;
  return (
    unreachable(world, given.chat_id) ?? post(world, given, { text, entities, file: null, previewsLinks })
  );
}

export function sendDraft(world: World, given: Given<'sendmessagedraft'>): Answer {
  const away = unreachable(world, given.chat_id);
  if (away) return away;
  if (world.chats.get(given.chat_id)?.type !== 'private') return badRequest('PEER_ID_INVALID');
  if (given.draft_id === 0) return badRequest('DRAFT_ID_INVALID');
  const checked = checkText(given.text, given.entities as unknown as MessageEntity[], TEXT_LIMIT, true);
  if (checked.kind === 'refused') return refusal(400, checked.description);
  const before = world.draft(given.chat_id);
  if (before?.id === given.draft_id && before.isStopped) return ok(true);
  const until = world.now() + DRAFT_MS;
  const { text } = checked;
  world.setDraft(given.chat_id, {
    id: given.draft_id,
    text,
    canStop: given.can_stop,
    until,
    isStopped: false,
  });
  return ok(true);
}

export function editText(world: World, given: Given<'editmessagetext'>): Answer {
  const checked = checkText(given.text, given.entities as unknown as MessageEntity[], TEXT_LIMIT);
  if (checked.kind === 'refused') return refusal(400, checked.description);
  const { text, entities } = checked;
  return edit(world, given, { text, entities, buttons: keyboardOf(given.reply_markup) });
}

export function editMarkup(world: World, given: Given<'editmessagereplymarkup'>): Answer {
  return edit(world, given, { buttons: keyboardOf(given.reply_markup) });
}

function edit(
  world: World,
  given: { chat_id: number; message_id: number },
  change: Partial<Pick<ShownMessage, 'text' | 'entities' | 'buttons'>>,
): Answer {
  const away = unreachable(world, given.chat_id);
  if (away) return away;
  const shown = world.message(given.chat_id, given.message_id);
  if (!shown || shown.isDeleted) return badRequest('message to edit not found');
  if (shown.from.id !== world.bot.id) return badRequest("message can't be edited");
  if (change.text !== undefined && shown.file) return badRequest('there is no text in the message to edit');
  const after = { ...shown, ...change };
  if (contentOf(after) === contentOf(shown)) return badRequest(NOT_MODIFIED);
  const edited = { ...after, edits: shown.edits + 1 };
  world.put(edited);
  return ok(wireMessage(world, edited));
}

function contentOf({ text, entities, buttons }: ShownMessage): string {
  return JSON.stringify([text, entities, buttons]);
}

export function deleteMessage(world: World, given: Given<'deletemessage'>): Answer {
  const shown = world.message(given.chat_id, given.message_id);
  if (!shown || shown.isDeleted) return badRequest('message to delete not found');
  world.put({ ...shown, isDeleted: true });
  return ok(true);
}

export function react(world: World, given: Given<'setmessagereaction'>): Answer {
  const shown = world.message(given.chat_id, given.message_id);
  if (!shown || shown.isDeleted) return badRequest('message to react not found');
  if (given.reaction.length > 1) return badRequest('REACTIONS_TOO_MANY');
  if (given.reaction.some(({ emoji }) => !REACTIONS.has(emoji))) return badRequest('REACTION_INVALID');
  world.put({ ...shown, reactions: given.reaction.map(({ emoji }) => emoji) });
  return ok(true);
}

/** Some of those that bots may set. */
const REACTIONS: ReadonlySet<string> = new Set(['👀', '👍', '👌', '🔥', '🎉', '🤔', '⚡', '✍', '🫡']);

/** A document, photo or voice note, uploaded in the field of its kind. */
export function sendFile(
  world: World,
  kind: 'document' | 'photo' | 'voice',
  given: Given<'senddocument'>,
  { files, values }: Parameters,
): Answer {
  const reference = values[kind];
  const field =
    typeof reference === 'string' && reference.startsWith('attach://') ? reference.slice(9) : kind;
  const file = files.get(field);
  if (!file) return badRequest(`there is no ${kind} in the request`);
  if (file.bytes.length === 0) return badRequest('file must be non-empty');
  if (file.bytes.length > MOST_BYTES[kind])
    return kind === 'photo' ? badRequest('file is too big') : refusal(413, 'Request Entity Too Large');
  const entities = given.caption_entities as unknown as MessageEntity[];
  const checked = checkText(given.caption, entities, CAPTION_LIMIT, true);
  if (checked.kind === 'refused') return refusal(400, checked.description);
  const { name, bytes } = file;
  const words = { text: checked.text, entities: checked.entities, previewsLinks: true };
  return unreachable(world, given.chat_id) ?? post(world, given, { ...words, file: { kind, name, bytes } });
}

export function getFile(world: World, given: Given<'getfile'>): Answer {
  const file = world.files.get(given.file_id);
  if (!file) return badRequest('wrong file_id or the file is temporarily unavailable');
  if (file.bytes.length > DOWNLOAD_LIMIT) return badRequest('file is too big');
  return ok({
    file_id: file.id,
    file_unique_id: `u${file.id}`,
    file_size: file.bytes.length,
    file_path: `files/${file.id}`,
  });
}
